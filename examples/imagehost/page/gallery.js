"use strict";
const said = document.getElementById("said");
let timer = 0;
function say(text) {
	said.textContent = text;
	said.classList.add("on");
	clearTimeout(timer);
	timer = setTimeout(() => said.classList.remove("on"), 2500);
}
// For pages that may not use the clipboard: those of http: on a host that is not this machine.
function copyTheOldWay(text) {
	const area = document.createElement("textarea");
	area.value = text;
	area.readOnly = true;
	area.className = "aside";
	document.body.append(area);
	area.select();
	const done = document.execCommand("copy");
	area.remove();
	return done;
}
document.addEventListener("click", async event => {
	const button = event.target.closest("button[data-copy]");
	if (!button) return;
	const text = button.dataset.copy;
	let done = false;
	try {
		await navigator.clipboard.writeText(text);
		done = true;
	} catch {
		done = copyTheOldWay(text);
	}
	for (const other of document.querySelectorAll("button.done")) other.classList.remove("done");
	button.classList.toggle("done", done);
	say((done ? said.dataset.done : said.dataset.failed) + " " + text);
});
