"use strict";

// The conversation of this tab lives in this tab: it is sent along with each question, and the server keeps nothing.
const store = "kitroll-chat";
const $ = id => document.getElementById(id);
const log = $("log"), form = $("form"), input = $("input"), send = $("send"), stop = $("stop");

// The one place where text becomes HTML. What goes through it was rendered by the server, which lets no HTML pass that it
// has not written itself.
const rendered = globalThis.trustedTypes?.createPolicy("rendered", { createHTML: html => html }) ?? { createHTML: html => html };
const setRendered = (node, html) => { node.innerHTML = rendered.createHTML(html); };

let turns = [];
let call = null; // the AbortController of the answer under way

function make(tag, name, text) {
	const node = document.createElement(tag);
	if (name) node.className = name;
	if (text) node.textContent = text;
	return node;
}

// An article is one turn on the page, with the parts that an answer is made of.
function article(turn) {
	const node = make("article", turn.role);
	if (turn.role === "user") {
		node.textContent = turn.text;
		log.append(node);
		return { node };
	}
	const details = make("details"), thought = make("p");
	details.append(make("summary", "", "Thinking"), thought);
	details.hidden = true;
	const body = make("div", "body"), blocks = make("div", "blocks"), rest = make("div", "raw");
	body.append(blocks, rest);
	node.append(details, body);
	log.append(node);
	return { node, details, thought, blocks, rest };
}

function show(turn) {
	const a = article(turn);
	if (turn.role === "user") return a;
	if (turn.reasoning) {
		a.details.hidden = false;
		a.thought.textContent = turn.reasoning;
	}
	if (turn.html) setRendered(a.blocks, turn.html);
	a.rest.textContent = turn.rest;
	if (turn.cut) a.node.append(make("p", turn.failed ? "error" : "note", turn.cut));
	if (turn.usage) a.node.append(make("p", "note", `${turn.usage.Prompt} + ${turn.usage.Completion} tokens`));
	return a;
}

function save() {
	try {
		sessionStorage.setItem(store, JSON.stringify(turns));
	} catch { /* full, or forbidden: the page still works, until it is loaded anew */ }
}

// The page follows what comes, unless somebody has scrolled up to read.
function following(change) {
	const end = document.documentElement;
	const atEnd = end.scrollHeight - end.scrollTop - end.clientHeight < 80;
	change();
	if (atEnd) end.scrollTop = end.scrollHeight;
}

// Events of a body, by the rules of server-sent events as far as this server uses them.
async function* events(body) {
	const reader = body.pipeThrough(new TextDecoderStream()).getReader();
	let held = "";
	for (;;) {
		const { value, done } = await reader.read();
		if (done) return;
		held += value;
		for (let end; (end = held.indexOf("\n\n")) >= 0; held = held.slice(end + 2)) {
			let event = "", data = "";
			for (const line of held.slice(0, end).split("\n")) {
				if (line.startsWith("event: ")) event = line.slice(7);
				if (line.startsWith("data: ")) data = line.slice(6);
			}
			if (event) yield { event, data: JSON.parse(data) };
		}
	}
}

async function ask(text) {
	const mine = turns;
	turns.push({ role: "user", text });
	following(() => show(turns.at(-1)));
	save();
	const turn = { role: "assistant", text: "", reasoning: "", html: "", rest: "", cut: "the connection to the program behind this page broke off", failed: true };
	const a = article(turn);
	a.node.classList.add("busy");
	busy(true);
	call = new AbortController();
	try {
		const answer = await fetch("chat", {
			method: "POST",
			headers: { "Content-Type": "application/json" },
			body: JSON.stringify({ messages: turns.map(({ role, text }) => ({ role, text })) }),
			signal: call.signal,
		});
		if (!answer.ok) {
			const refused = await answer.json().catch(() => ({}));
			throw new Error(refused.message ?? `the program behind this page answers with status ${answer.status}`);
		}
		for await (const { event, data } of events(answer.body)) following(() => take(turn, a, event, data));
	} catch (err) {
		if (call.signal.aborted) Object.assign(turn, { cut: "stopped", failed: false });
		else if (!(err instanceof TypeError)) turn.cut = err.message;
	}
	if (turns !== mine) return busy(false); // another conversation has begun
	following(() => {
		a.node.remove();
		if (turn.text || turn.reasoning || turn.cut) {
			turns.push(turn);
			show(turn);
		}
	});
	save();
	busy(false);
}

function take(turn, a, event, data) {
	switch (event) {
	case "reasoning":
		turn.reasoning += data.text;
		a.details.hidden = false;
		a.details.open = true;
		a.thought.textContent = turn.reasoning;
		break;
	case "text":
		turn.text += data.text;
		a.details.open = false;
		a.rest.textContent = turn.rest += data.text;
		break;
	case "blocks": {
		const next = make("div");
		setRendered(next, data.html);
		a.blocks.append(...next.childNodes);
		turn.html += data.html;
		a.rest.textContent = turn.rest = data.rest;
		break;
	}
	case "finish":
		Object.assign(turn, { html: data.html, rest: data.html ? "" : turn.text, cut: data.cut ? `Not whole: ${data.cut}` : "", failed: false, usage: data.usage });
		break;
	case "error":
		Object.assign(turn, { html: data.html, rest: data.html ? "" : turn.text, cut: `${data.message} → ${data.advice}`, failed: true });
		break;
	}
}

function busy(on) {
	send.hidden = on;
	stop.hidden = !on;
	if (!on) {
		call = null;
		input.focus();
	}
}

form.addEventListener("submit", event => {
	event.preventDefault();
	const text = input.value.trim();
	if (!text || call) return;
	input.value = "";
	ask(text);
});
input.addEventListener("keydown", event => {
	if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
	event.preventDefault();
	form.requestSubmit();
});
stop.addEventListener("click", () => call?.abort());
$("new").addEventListener("click", () => {
	call?.abort();
	turns = [];
	log.replaceChildren();
	save();
	input.focus();
});

try {
	turns = JSON.parse(sessionStorage.getItem(store)) ?? [];
} catch { /* none, or not readable */ }
turns.forEach(show);
