// The page at the gate: shows the state that the gate sends, and goes on by itself while the gate is away.
"use strict";

const SHAPES = {
  ready: "face",
  look: "face",
  closer: "closer",
  one_at_a_time: "one",
  too_dark: "face",
  against_light: "face",
  blurred: "face",
  turned: "face",
  outside: "face",
  confirm_by_finger: "finger",
  recorded: "tick",
  repeated: "again",
  unknown_use_finger: "finger",
  unknown: "question",
  finger_unknown: "question",
  key_in: "face",
  key_out: "face",
  service_called: "tick",
  case_open: "warning",
  camera_lost: "finger",
  camera_dark: "finger",
  camera_covered: "finger",
  offline_too_long: "face",
  needs_service: "warning",
};
const SHAPE_OF_COLOUR = { green: "tick", red: "warning", blue: "finger" };
const AGAIN_MS = 2000;

const body = document.body;
const find = (selector) => document.querySelector(selector);
const answerBox = find("#answer");
const guidanceBox = find("#guidance");
const preview = find("#preview");
const unsent = find("#unsent");

// --- the clock: the school's own time, whatever zone the browser is in -----------------------------------------

const parts = new Intl.DateTimeFormat("en-GB", {
  timeZone: body.dataset.zone,
  hourCycle: "h23",
  year: "numeric",
  month: "numeric",
  day: "numeric",
  hour: "2-digit",
  minute: "2-digit",
  second: "2-digit",
});

function put(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

function dateText({ year, month, day }) {
  const weekday = (new Date(Date.UTC(year, month - 1, day)).getUTCDay() + 6) % 7; // from Monday
  const known = {
    weekday: body.dataset.weekdays.split("|")[weekday],
    day,
    month: body.dataset.months.split("|")[month - 1],
    year,
  };
  return body.dataset.date.replace(/\{(\w+)\}/g, (_, key) => known[key]);
}

function tick() {
  const now = Object.fromEntries(parts.formatToParts(new Date()).map(({ type, value }) => [type, value]));
  put(find("#clock"), `${now.hour}:${now.minute}:${now.second}`);
  put(find("#date"), dateText(now));
  setTimeout(tick, 1000 - (Date.now() % 1000));
}

// --- what the gate says ----------------------------------------------------------------------------------------

let leaving = 0;

function say(box, answer) {
  box.dataset.sign = answer ? answer.sign : "none";
  box.dataset.colour = (answer && answer.colour) || "none";
  const shape = answer && (SHAPES[answer.sign] || SHAPE_OF_COLOUR[answer.colour] || "face");
  if (shape) box.querySelector("use").setAttribute("href", `#${shape}`);
  for (const line of box.querySelectorAll("p")) {
    const text = (answer && answer[line.className]) || "";
    put(line, text);
    line.hidden = text === "";
    line.dataset.length = text.length > 44 ? "long" : text.length > 24 ? "middle" : "short";
  }
}

function leave() {
  leaving = 0;
  answerBox.hidden = true;
  say(answerBox, null); // no name stays behind, not even hidden
}

function note(texts) {
  const shown = [...document.querySelectorAll("#notes .fault")];
  if (shown.map((row) => row.textContent).join("\n") === texts.join("\n")) return;
  for (const row of shown) row.remove();
  for (const text of texts) {
    const row = document.createElement("li");
    row.className = "fault";
    row.textContent = text;
    find("#notes").append(row);
  }
}

function render(state) {
  if (state.version !== document.documentElement.dataset.version) {
    location.reload(); // the gate was changed while this page was open
    return;
  }
  clearTimeout(leaving);
  if (state.fills) {
    say(answerBox, state.answer);
    answerBox.hidden = false;
    if (state.left_s !== null) leaving = setTimeout(leave, state.left_s * 1000);
  } else {
    leave();
  }
  say(guidanceBox, state.fills ? null : state.answer);
  note(state.notes);
  body.dataset.camera = state.faults.includes("camera") ? "lost" : "there";
  unsent.hidden = state.unsent === null;
  unsent.dataset.count = state.unsent || 0;
  put(unsent, state.unsent ? unsent.dataset.some.replace("{n}", state.unsent) : unsent.dataset.none);
}

// --- the line to the gate --------------------------------------------------------------------------------------

function look() {
  preview.hidden = false; // "load" never comes, for the picture never ends
  preview.src = `/preview?${Date.now()}`; // a new address, or else the browser shows what it had
}

function disconnected() {
  body.dataset.line = "lost";
  find("#connecting").hidden = false;
  preview.hidden = true;
  say(guidanceBox, null);
  if (leaving === 0) leave(); // an answer that lasts, lasts only as long as the gate stands by it
}

function connected() {
  body.dataset.line = "there";
  find("#connecting").hidden = true;
  look();
}

function listen() {
  const source = new EventSource("/events");
  source.onopen = connected;
  source.onmessage = (event) => render(JSON.parse(event.data));
  source.onerror = () => {
    disconnected();
    if (source.readyState === EventSource.CLOSED) setTimeout(listen, AGAIN_MS); // refused: the browser gives up
  };
}

preview.onerror = () => {
  preview.hidden = true;
  if (body.dataset.line === "there") setTimeout(look, AGAIN_MS);
};

tick();
listen();
