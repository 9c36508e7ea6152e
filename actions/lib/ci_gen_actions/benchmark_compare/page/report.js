"use strict";
// Draws a benchmark's charts when it is opened, and filters the list. All texts are set as text.
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const SVG = "http://www.w3.org/2000/svg";
  const HEIGHT = 240, LEFT = 64, RIGHT = 12, TOP = 12, BOTTOM = 28;

  function make(kind, attributes, parent, text) {
    const made = document.createElementNS(SVG, kind);
    for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
    if (text !== undefined) made.textContent = text;
    if (parent) parent.append(made);
    return made;
  }

  const percent = (change) => `${change >= 0 ? "+" : ""}${(100 * Math.expm1(change)).toFixed(1)} %`;

  // Round numbers between two values: in their own unit, or in percent for logarithms.
  function ticks(low, high) {
    const rough = (high - low) / 5 || 1;
    const power = 10 ** Math.floor(Math.log10(rough));
    const step = [1, 2, 5, 10].map((each) => each * power).find((each) => each >= rough);
    const found = [];
    for (let at = Math.ceil(low / step) * step; at <= high + step / 1e6; at += step) found.push(at);
    return found;
  }

  function percents(low, high) {
    return ticks(100 * Math.expm1(low), 100 * Math.expm1(high)).map((each) => Math.log1p(each / 100));
  }

  // A chart with points that the arrow keys walk along; `tell` puts a point into words.
  function chart(figure, label, points, range, marks, show, extra) {
    const [low, high] = range;
    const width = Math.max(300, Math.min(720, figure.clientWidth || 720));
    const count = Math.max(...points.map((each) => each.round), 1);
    const x = (round) => LEFT + ((round - 0.5) / count) * (width - LEFT - RIGHT);
    const y = (value) => TOP + ((high - value) / (high - low || 1)) * (HEIGHT - TOP - BOTTOM);
    const svg = make("svg", {
      class: "chart", viewBox: `0 0 ${width} ${HEIGHT}`, tabindex: "0", role: "img", "aria-label": label,
    });
    for (const at of marks) {
      make("line", { class: "axis", x1: LEFT, x2: width - RIGHT, y1: y(at), y2: y(at) }, svg);
      make("text", { class: "tick", x: LEFT - 6, y: y(at) + 4, "text-anchor": "end" }, svg, show(at));
    }
    extra(svg, y, width);
    make("text", { class: "tick", x: LEFT, y: HEIGHT - 8 }, svg, "round 1");
    make("text", { class: "tick", x: width - RIGHT, y: HEIGHT - 8, "text-anchor": "end" }, svg, `round ${count}`);
    const caption = document.createElement("figcaption");
    caption.setAttribute("aria-live", "polite");
    const usual = `${label}. Arrow keys walk along the points.`;
    caption.textContent = usual;
    const drawn = points.map((point) => {
      const dot = make("circle", {
        class: point.kind, cx: x(point.round) + point.shift, cy: y(point.value), r: point.size,
      }, svg);
      make("title", {}, dot, point.told);
      return dot;
    });
    const walkable = points.map((point, place) => place).filter((place) => !points[place].minor);
    let at = -1;
    function choose(next) {
      if (at >= 0) drawn[walkable[at]].classList.remove("chosen");
      at = Math.max(0, Math.min(walkable.length - 1, next));
      drawn[walkable[at]].classList.add("chosen");
      caption.textContent = points[walkable[at]].told;
    }
    svg.addEventListener("keydown", (event) => {
      const steps = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: walkable.length - 1 };
      if (walkable.length && event.key in steps) {
        event.preventDefault();
        choose(steps[event.key]);
      }
    });
    svg.addEventListener("click", (event) => {
      const place = walkable.findIndex((each) => drawn[each] === event.target);
      if (place >= 0) choose(place);
    });
    figure.append(svg, caption);
  }

  function spread(values, least) {
    const low = Math.min(...values), high = Math.max(...values);
    const room = 0.08 * (high - low) || least;
    return [low - room, high + room];
  }

  function pairs(holder, one) {
    const points = one.pairs
      .map((value, place) => ({ value, round: place + 1 }))
      .filter((each) => each.value !== null)
      .map((each) => ({
        ...each, kind: "pair", size: 4, shift: 0, told: `Pair ${each.round}: ${percent(each.value)}`,
      }));
    if (!points.length) return;
    const marks = [0, one.tolerance, one.low, one.high].filter((each) => each !== null);
    const range = spread([...points.map((each) => each.value), ...marks], 0.01);
    const figure = document.createElement("figure");
    holder.append(figure);
    chart(figure, "Difference of each pair, above 0 is worse", points, range, percents(...range), percent, (svg, y, width) => {
      const wide = { x: LEFT, width: width - LEFT - RIGHT };
      if (one.tolerance !== null && one.tolerance < range[1]) {
        make("rect", { class: "band", ...wide, y: TOP, height: y(one.tolerance) - TOP }, svg);
      }
      if (one.low !== null && one.high !== null) {
        make("rect", { class: "interval", ...wide, y: y(one.high), height: y(one.low) - y(one.high) }, svg);
      }
      for (const [kind, at] of [["zero", 0], ["estimate", one.estimate]]) {
        if (at !== null) make("line", { class: kind, x1: LEFT, x2: width - RIGHT, y1: y(at), y2: y(at) }, svg);
      }
    });
  }

  function median(values) {
    const ordered = [...values].sort((a, b) => a - b), middle = ordered.length / 2;
    return (ordered[Math.ceil(middle) - 1] + ordered[Math.floor(middle)]) / 2;
  }

  function processes(holder, one) {
    const points = [];
    for (const [side, kind, shift] of [["baseline", "old", -3], ["current", "new", 3]]) {
      one[side].samples.forEach((samples, place) => {
        if (!samples) return;
        const round = place + 1;
        if (samples.length > 1) {
          for (const value of samples) {
            points.push({ value, round, shift, minor: true, kind: `${kind} sample`, size: 2, told: `${side} ${round}: ${show(value, one.unit)}` });
          }
        }
        const value = median(samples);
        points.push({ value, round, shift, kind, size: 4, told: `${side} ${round}: median ${show(value, one.unit)} of ${samples.length}` });
      });
    }
    if (!points.length) return;
    points.sort((a, b) => a.round - b.round || a.shift - b.shift);
    const range = spread(points.map((each) => each.value), 1);
    const figure = document.createElement("figure");
    holder.append(figure);
    chart(figure, "Processes: medians, and their samples", points, range, ticks(...range), (at) => show(at, one.unit), () => {});
    const legend = document.createElement("p");
    legend.className = "soft";
    for (const [kind, text] of [["old", "baseline"], ["new", "current"]]) {
      const dot = document.createElement("span");
      dot.className = `legend ${kind}`;
      legend.append(dot, text);
    }
    holder.append(legend);
  }

  function show(value, unit) {
    const scales = unit === "ns" ? [[1e9, "s"], [1e6, "ms"], [1e3, "us"]] : [];
    const [scale, name] = scales.find(([each]) => Math.abs(value) >= each) || [1, unit];
    return `${Number((value / scale).toPrecision(4))} ${name}`;
  }

  document.querySelectorAll("details.benchmark").forEach((each) => {
    each.addEventListener("toggle", () => {
      const holder = each.querySelector(".charts");
      if (!each.open || holder.childElementCount) return;
      const one = data.benchmarks[Number(each.dataset.place)];
      pairs(holder, one);
      processes(holder, one);
    });
  });

  const search = document.getElementById("search"), finding = document.getElementById("finding");
  const told = document.getElementById("told");
  function filter() {
    const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    let shown = 0;
    document.querySelectorAll("details.benchmark").forEach((each) => {
      const name = each.querySelector(".name").textContent.toLowerCase();
      const fits = words.every((word) => name.includes(word)) && (!finding.value || each.dataset.finding === finding.value);
      each.hidden = !fits;
      shown += fits;
    });
    told.textContent = `${shown} of ${data.benchmarks.length} benchmarks`;
  }
  search.addEventListener("input", filter);
  finding.addEventListener("change", filter);
  filter();
})();
