"""Plain facts that the questions of this measurement are made from, written for it.

Each line of a table is `key: value`, several a line separated by `;`.
"""

from __future__ import annotations

CAPITALS = """
France: Paris; Germany: Berlin; Italy: Rome; Spain: Madrid; Portugal: Lisbon; Greece: Athens
Poland: Warsaw; Austria: Vienna; Hungary: Budapest; Norway: Oslo; Sweden: Stockholm
Denmark: Copenhagen; Finland: Helsinki; Ireland: Dublin; Belgium: Brussels; Russia: Moscow
Ukraine: Kyiv; Romania: Bucharest; Bulgaria: Sofia; Croatia: Zagreb; Serbia: Belgrade
Turkey: Ankara; Egypt: Cairo; Kenya: Nairobi; Ethiopia: Addis Ababa; Ghana: Accra
Morocco: Rabat; Algeria: Algiers; Tunisia: Tunis; Senegal: Dakar; Iran: Tehran; Iraq: Baghdad
Syria: Damascus; Lebanon: Beirut; Jordan: Amman; India: New Delhi; Pakistan: Islamabad
Bangladesh: Dhaka; Nepal: Kathmandu; China: Beijing; Japan: Tokyo; Thailand: Bangkok
Vietnam: Hanoi; Indonesia: Jakarta; Mongolia: Ulaanbaatar; Australia: Canberra
New Zealand: Wellington; Canada: Ottawa; Cuba: Havana; Jamaica: Kingston; Peru: Lima
Chile: Santiago; Argentina: Buenos Aires; Uruguay: Montevideo; Ecuador: Quito; Colombia: Bogota
Venezuela: Caracas; Bolivia: La Paz; Iceland: Reykjavik; Cambodia: Phnom Penh
"""

CONTINENTS = """
France: Europe; Germany: Europe; Italy: Europe; Poland: Europe; Norway: Europe; Greece: Europe
Japan: Asia; China: Asia; India: Asia; Thailand: Asia; Vietnam: Asia; Nepal: Asia
Egypt: Africa; Kenya: Africa; Nigeria: Africa; Ghana: Africa; Morocco: Africa; Angola: Africa
Brazil: South America; Peru: South America; Chile: South America; Bolivia: South America
Canada: North America; Mexico: North America
"""

PAST = """
go: went; see: saw; eat: ate; drink: drank; run: ran; swim: swam; sing: sang; begin: began
write: wrote; drive: drove; ride: rode; rise: rose; speak: spoke; break: broke; choose: chose
freeze: froze; steal: stole; wake: woke; take: took; shake: shook; give: gave; come: came
become: became; know: knew; grow: grew; throw: threw; fly: flew; draw: drew; blow: blew
find: found; bind: bound; fight: fought; buy: bought; bring: brought; think: thought
catch: caught; teach: taught; sell: sold; tell: told; hold: held; fall: fell; feel: felt
keep: kept; sleep: slept; leave: left; lose: lost; meet: met; send: sent; spend: spent
build: built; stand: stood; win: won; make: made; say: said; pay: paid; hear: heard
"""

PLURALS = """
mouse: mice; goose: geese; foot: feet; tooth: teeth; man: men; woman: women; child: children
ox: oxen; leaf: leaves; knife: knives; wolf: wolves; wife: wives; life: lives; thief: thieves
city: cities; baby: babies; story: stories; berry: berries; hero: heroes; potato: potatoes
box: boxes; church: churches; bus: buses; cactus: cacti
"""

OPPOSITES = """
hot: cold; big: small; tall: short; fast: slow; old: young; rich: poor; happy: sad; light: dark
wet: dry; hard: soft; full: empty; open: closed; early: late; high: low; loud: quiet
strong: weak; thick: thin; deep: shallow; clean: dirty; sharp: blunt; sweet: bitter
brave: cowardly; love: hate; war: peace; friend: enemy; begin: end; push: pull; buy: sell
win: lose; remember: forget; arrive: depart; accept: refuse; increase: decrease; true: false
north: south; east: west; day: night; summer: winter; birth: death; question: answer
import: export; ancient: modern; guilty: innocent; public: private; simple: complex
victory: defeat; wide: narrow; rough: smooth; cheap: expensive; awake: asleep
"""

SYMBOLS = """
hydrogen: H; helium: He; carbon: C; nitrogen: N; oxygen: O; sodium: Na; magnesium: Mg
aluminium: Al; silicon: Si; sulfur: S; chlorine: Cl; potassium: K; calcium: Ca; iron: Fe
copper: Cu; zinc: Zn; silver: Ag; tin: Sn; gold: Au; mercury: Hg; lead: Pb; uranium: U
nickel: Ni; neon: Ne; iodine: I; platinum: Pt
"""

KINDS = """
rose: flower; tulip: flower; daisy: flower; oak: tree; pine: tree; maple: tree; willow: tree
salmon: fish; trout: fish; shark: fish; tuna: fish; eagle: bird; sparrow: bird; owl: bird
penguin: bird; ant: insect; beetle: insect; butterfly: insect; mosquito: insect
cobra: snake; python: snake; viper: snake; carrot: vegetable; cabbage: vegetable
onion: vegetable; apple: fruit; banana: fruit; mango: fruit; cherry: fruit; violin: instrument
piano: instrument; trumpet: instrument; drum: instrument; hammer: tool; saw: tool
screwdriver: tool; pliers: tool; chair: furniture; table: furniture; sofa: furniture
ruby: gemstone; diamond: gemstone; emerald: gemstone; copper: metal; iron: metal; zinc: metal
"""

YOUNG = """
dog: puppy; cat: kitten; cow: calf; horse: foal; sheep: lamb; goat: kid; pig: piglet
duck: duckling; hen: chick; goose: gosling; lion: cub; frog: tadpole; kangaroo: joey
deer: fawn; swan: cygnet; eagle: eaglet; butterfly: caterpillar
"""

WORKPLACES = """
teacher: school; doctor: hospital; farmer: farm; pilot: airplane; sailor: ship; judge: court
chef: kitchen; actor: theatre; librarian: library; miner: mine; priest: church
scientist: laboratory; soldier: army; banker: bank; baker: bakery; gardener: garden
astronaut: spacecraft; waiter: restaurant; pharmacist: pharmacy; mechanic: garage
"""

USES = """
cut paper: scissors; tell the time: clock; sweep the floor: broom; open a lock: key
see distant stars: telescope; see tiny cells: microscope; measure temperature: thermometer
write on a blackboard: chalk; drive a nail: hammer; eat soup: spoon; find north: compass
dig a hole: shovel; brush your teeth: toothbrush; take a photograph: camera
stay dry in the rain: umbrella; weigh flour: scale; sew a button: needle; light a candle: match
call a friend: telephone; dry your hands: towel; boil water: kettle; climb a wall: ladder
"""

STATES = """
Texas: Austin; Georgia: Atlanta; Colorado: Denver; Arizona: Phoenix; Massachusetts: Boston
Tennessee: Nashville; Ohio: Columbus; Hawaii: Honolulu; Utah: Salt Lake City; Alaska: Juneau
Oregon: Salem; California: Sacramento; Florida: Tallahassee; Minnesota: Saint Paul
Iowa: Des Moines; Virginia: Richmond; Indiana: Indianapolis; Oklahoma: Oklahoma City
Michigan: Lansing; Wisconsin: Madison; Maine: Augusta; Nevada: Carson City; Illinois: Springfield
Kansas: Topeka
"""

BOOKS = """
Hamlet: William Shakespeare; Pride and Prejudice: Jane Austen; Oliver Twist: Charles Dickens
War and Peace: Leo Tolstoy; Crime and Punishment: Fyodor Dostoevsky; Moby-Dick: Herman Melville
Don Quixote: Miguel de Cervantes; The Odyssey: Homer; Frankenstein: Mary Shelley
Dracula: Bram Stoker; Les Misérables: Victor Hugo; Faust: Johann Wolfgang von Goethe
The Time Machine: H. G. Wells; Treasure Island: Robert Louis Stevenson
The Jungle Book: Rudyard Kipling; The Divine Comedy: Dante Alighieri; Candide: Voltaire
Walden: Henry David Thoreau; The Metamorphosis: Franz Kafka; Jane Eyre: Charlotte Brontë
"""

NEXT = """
Monday: Tuesday; Tuesday: Wednesday; Wednesday: Thursday; Thursday: Friday; Friday: Saturday
Saturday: Sunday; January: February; February: March; March: April; April: May; June: July
August: September; September: October; October: November; November: December
"""

COLOURS = """
grass: green; snow: white; coal: black; blood: red; the clear sky: blue; a lemon: yellow
a carrot: orange; an eggplant: purple; a flamingo: pink; chocolate: brown; an elephant: grey
an emerald: green; a ripe strawberry: red; milk: white
"""

TOLD = """
Anna lives in Lisbon.: Where does Anna live?: Lisbon
Tom has a dog called Rex.: What is Tom's dog called?: Rex
The meeting is on Thursday.: On which day is the meeting?: Thursday
The door code is 4821.: What is the door code?: 4821
The red key opens the cellar.: What does the red key open?: cellar
Maria works as a plumber.: What is Maria's job?: plumber
The train leaves from platform 9.: From which platform does the train leave?: 9
The blue box holds the apples.: What is in the blue box?: apples
Peter was born in 1987.: In which year was Peter born?: 1987
The invoice number is 7731.: What is the invoice number?: 7731
Our cat is named Mimi.: What is our cat named?: Mimi
The library closes at 6 pm.: At what time does the library close?: 6
Julia's favorite color is purple.: What is Julia's favorite color?: purple
The treasure is buried under the oak.: Under what is the treasure buried?: oak
The password is sunflower.: What is the password?: sunflower
The project is called Falcon.: What is the project called?: Falcon
The new manager is Mrs. Keller.: Who is the new manager?: Keller
David plays the trumpet.: Which instrument does David play?: trumpet
The soup of the day is tomato.: What is the soup of the day?: tomato
Room 12 is on the third floor.: On which floor is room 12?: third
The flight goes to Oslo.: Where does the flight go?: Oslo
Sarah's birthday is in March.: In which month is Sarah's birthday?: March
The ship is named Aurora.: What is the ship named?: Aurora
The class has 27 pupils.: How many pupils does the class have?: 27
Emma drives a green car.: Which color is Emma's car?: green
The package arrived from Japan.: From which country did the package arrive?: Japan
My brother is called Oscar.: What is my brother called?: Oscar
The recipe needs 3 eggs.: How many eggs does the recipe need?: 3
The winner of the race was Nina.: Who was the winner of the race?: Nina
The museum is in Market Street.: In which street is the museum?: Market
The team's captain is Lucas.: Who is the team's captain?: Lucas
The dentist's appointment is at 10 am.: At what time is the dentist's appointment?: 10
The lake is 45 meters deep.: How deep is the lake?: 45
Grandfather grows tomatoes.: What does grandfather grow?: tomatoes
The hotel is called Bellevue.: What is the hotel called?: Bellevue
The magazine costs 8 dollars.: How much does the magazine cost?: 8
Paul is allergic to peanuts.: What is Paul allergic to?: peanuts
The tower was built of marble.: Of what was the tower built?: marble
The parrot can say hello.: What can the parrot say?: hello
The concert is in Vienna.: Where is the concert?: Vienna
"""
"""Statements that nobody can know, a question about each, and a word of its answer."""


def told() -> list[list[str]]:
    """Statement, question and answer of each line of `TOLD`."""
    return [line.split(": ") for line in TOLD.strip().splitlines()]


def pairs(table: str) -> list[tuple[str, str]]:
    """The pairs of a table, in its order."""
    entries = (entry for line in table.strip().splitlines() for entry in line.split(";"))
    return [(key.strip(), value.strip()) for key, _, value in (e.partition(":") for e in entries)]
