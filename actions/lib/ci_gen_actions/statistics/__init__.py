"""Statistics that gates share. Arrays in, arrays out; numpy and scipy are loaded where used."""
