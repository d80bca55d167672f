"use strict";
// Keeps a page live, draws its charts and hears its keys. Each part of a page names in data-live what changes it; when one
// of those changes, the server is asked for that part alone, at once the first time and more seldom while it goes on.
{
  const FIRST = 150, LONGEST = 30000; // milliseconds until a part is asked for, growing while changes go on
  const plans = new Map(); // by the id of a part: its timer, how long it waits, when it was asked for, what is held back
  const $ = (id) => document.getElementById(id);
  const planOf = (part) => plans.get(part.id) || plans.set(part.id, { wait: FIRST, asked: 0, held: 0 }).get(part.id);

  const refresh = (part) => {
    const plan = planOf(part), url = new URL(location);
    clearTimeout(plan.timer);
    Object.assign(plan, { timer: 0, asked: Date.now(), held: 0 });
    url.searchParams.set("part", part.id);
    return htmx.ajax("GET", url.pathname + url.search, { source: part, target: part, swap: "outerMorph" });
  };

  // Somebody reads further down, has selected something, or typed: what comes in waits until they say so.
  const typed = (part) => [...part.querySelectorAll("input, textarea")].some((each) => each.id !== "query" && each.value !== each.defaultValue);
  const busy = (part) => {
    const selected = getSelection();
    return part.matches("[data-held]") && (scrollY > 200 || (!selected.isCollapsed && part.contains(selected.anchorNode))) || typed(part);
  };

  const later = (part) => {
    const plan = planOf(part);
    if (busy(part)) {
      plan.held += 1;
      $("newer").textContent = `${plan.held} new`;
      $("newer").hidden = false;
    } else if (!plan.timer) {
      plan.wait = Date.now() - plan.asked > 2 * plan.wait ? FIRST : Math.min(2 * plan.wait, LONGEST);
      plan.timer = setTimeout(() => refresh(part), plan.wait);
    }
  };

  const changed = (noun) => {
    for (const part of document.querySelectorAll("[data-live]"))
      if (part.dataset.live.split(" ").includes(noun)) later(part);
  };

  const say = (text, live) => {
    const at = $("stream");
    if (!at || at.textContent === text) return;
    at.textContent = text;
    at.classList.toggle("live", live);
  };

  document.addEventListener("htmx:sse:before:message", (event) => {
    changed(event.detail.message.event.split(".")[0]);
    event.preventDefault();
  });
  document.addEventListener("htmx:sse:after:connection", () => say("live", true));
  document.addEventListener("htmx:sse:close", () => say("not live: load the page again", false));
  document.addEventListener("htmx:sse:error", (event) => {
    if ([401, 403, 410].includes(event.detail.status)) location.reload(); // signed out, or too far behind to go on
    else say("the server is away; it is asked again", false);
  });
  // An act that did not reach the server says so where it was done; what was typed stays.
  document.addEventListener("htmx:error", (event) => {
    const output = event.target.closest?.("form.act")?.querySelector("output");
    if (output) output.textContent = "Not known whether it was done: the server does not answer. Look before you do it again.";
  });
  document.addEventListener("acted", (event) => {
    event.target.closest?.("form")?.reset(); // what was typed there is told
    document.querySelectorAll("[data-live]").forEach((part) => (typed(part) ? later : refresh)(part));
  });
  // What somebody opened or closed stays so, whatever comes in.
  document.addEventListener("click", (event) => {
    const details = event.target.closest("summary")?.parentElement;
    if (details) details.byHand = !details.open;
  });
  document.addEventListener("htmx:after:swap", () => {
    for (const each of document.querySelectorAll("details")) if ("byHand" in each) each.open = each.byHand;
  });

  // Charts: one cursor and one drag for all of a page; what is drawn is the page's stretch of time.
  const drawn = new Map();
  const inks = ["--accent", "--bad", "--warn", "--good", "--quiet"];
  const clock = (seconds) => { // in UTC, as the rows have it: the time of a day, and the day where one begins
    const said = new Date(seconds * 1000).toISOString();
    return said.slice(11, 16) === "00:00" ? said.slice(5, 10) : said.slice(11, 16);
  };
  const draw = (figure) => {
    const chart = JSON.parse(figure.dataset.chart), plot = figure.querySelector(".plot");
    const style = getComputedStyle(document.documentElement);
    const ink = (name) => { // a canvas wants the colour itself, and not light-dark()
      plot.style.color = `var(${name})`;
      return getComputedStyle(plot).color;
    };
    drawn.get(figure.id)?.destroy();
    plot.textContent = "";
    const line = ink("--line"), quiet = ink("--quiet"), colours = inks.map(ink);
    const axis = { stroke: quiet, grid: { stroke: line, width: 1 }, ticks: { stroke: line, width: 1 }, font: `11px ${style.fontFamily || "sans-serif"}` };
    const marks = (u) => {
      u.ctx.save();
      u.ctx.strokeStyle = quiet;
      u.ctx.setLineDash([4, 4]);
      for (const mark of chart.marks || []) {
        const x = Math.round(u.valToPos(mark.at, "x", true));
        u.ctx.beginPath();
        u.ctx.moveTo(x, u.bbox.top);
        u.ctx.lineTo(x, u.bbox.top + u.bbox.height);
        u.ctx.stroke();
      }
      u.ctx.restore();
    };
    drawn.set(figure.id, new uPlot({
      width: plot.clientWidth || 300, height: 160,
      cursor: { sync: { key: "page" }, drag: { x: true, y: false, setScale: false } },
      legend: { live: true },
      tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1000), "UTC"), // as the rows have it
      axes: [{ ...axis, values: (u, at) => at.map(clock) }, { ...axis, size: 44 }],
      scales: { y: { range: (u, low, high) => [0, high > 0 ? high * 1.1 : 1] } },
      series: [{ value: (u, at) => at && `${clock(at)} UTC` }, ...chart.lines.map((each, at) => ({ label: each.name, stroke: colours[at % colours.length], width: 1.5, spanGaps: false, points: { size: 4 } }))],
      hooks: { draw: [marks], setSelect: [(u) => {
        if (u.select.width < 8) return;
        const url = new URL(location), at = (x) => Math.round(u.posToVal(x, "x") * 1e6);
        url.searchParams.delete("range");
        url.searchParams.set("since", at(u.select.left));
        url.searchParams.set("until", at(u.select.left + u.select.width));
        location.assign(url);
      }] },
    }, [chart.x, ...chart.lines.map((each) => each.y)], plot));
  };
  const charts = () => {
    for (const figure of document.querySelectorAll("[data-chart]")) {
      if (figure.dataset.chart === figure.drawn) continue;
      figure.drawn = figure.dataset.chart;
      draw(figure);
    }
  };
  const again = () => document.querySelectorAll("[data-chart]").forEach(draw);
  document.addEventListener("htmx:after:swap", charts);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", again);
  addEventListener("resize", () => { clearTimeout(again.timer); again.timer = setTimeout(again, 200); });

  // Times go on while a page stands.
  const STEPS = [[86400, "d"], [3600, "h"], [60, "min"], [1, "s"]];
  setInterval(() => {
    for (const time of document.querySelectorAll("time[datetime]")) {
      const past = (Date.now() - Date.parse(time.dateTime)) / 1000, size = Math.abs(past);
      const step = STEPS.find(([seconds]) => size >= seconds);
      if (!step || !time.firstElementChild) continue;
      const said = `${Math.round(size / step[0])} ${step[1]}`, text = past > 0 ? `${said} ago` : `in ${said}`;
      if (time.firstElementChild.textContent !== text) time.firstElementChild.textContent = text;
    }
  }, 5000);

  const rows = () => [...document.querySelectorAll("[data-row]")];
  const step = (by) => {
    const all = rows(), at = all.indexOf(document.activeElement?.closest("[data-row]"));
    const row = all[Math.max(0, Math.min(all.length - 1, at + by))];
    if (!row) return;
    row.tabIndex = -1;
    row.focus();
    row.scrollIntoView({ block: "nearest" });
  };
  const press = (key) => {
    const row = document.activeElement?.closest("[data-row]");
    const button = row?.querySelector(`[data-key="${key}"]`);
    const reason = button?.form?.querySelector("[name=reason]");
    if (reason && !reason.value) reason.focus();
    else button?.click();
  };
  const keys = {
    "/": () => $("search")?.focus(),
    "?": () => $("help")?.showModal(),
    j: () => step(1),
    k: () => step(-1),
    a: () => press("a"),
    r: () => press("r"),
    Enter: () => document.activeElement?.matches("[data-row]") && document.activeElement.querySelector("a")?.click(),
  };
  document.addEventListener("keydown", (event) => {
    const at = event.target;
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
    if (at.matches("input, textarea, select")) {
      if (event.key === "Escape") (at.closest("[data-row]") || at).focus(), at.blur();
    } else if (keys[event.key] && !(event.key === "Enter" && !at.matches("[data-row]"))) {
      if (event.key !== "Enter") event.preventDefault();
      keys[event.key]();
    }
  });

  document.addEventListener("change", (event) => event.target.matches("[data-submits]") && event.target.form.submit());
  document.addEventListener("keydown", (event) => {
    const search = $("search");
    if (event.key !== "Enter" || event.target !== search) return;
    search.form.action = "/search";
    if (location.pathname !== "/search") search.form.querySelectorAll("[type=hidden]").forEach((each) => each.remove());
  });
  // What somebody searches for as they type stands in the address too: by that, a part is asked for anew.
  document.addEventListener("input", (event) => {
    if (event.target.id !== "query") return;
    const url = new URL(location);
    url.searchParams.set("query", event.target.value);
    ["after", "before"].forEach((name) => url.searchParams.delete(name));
    history.replaceState(null, "", url);
  });
  document.addEventListener("click", (event) => {
    if (event.target.id !== "newer") return;
    event.target.hidden = true;
    getSelection().removeAllRanges();
    scrollTo(0, 0);
    document.querySelectorAll("[data-live]").forEach(refresh);
  });
  document.addEventListener("DOMContentLoaded", charts);
}
