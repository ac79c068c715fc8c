// One checkbox for all accounts on the page. Without this script, each checkbox is set by itself.
"use strict";

const all = document.getElementById("check-all");
const boxes = [...document.querySelectorAll(".switch-box:not(:disabled)")];

if (all && boxes.length > 0) {
  const show = () => {
    const on = boxes.filter((b) => b.checked).length;
    all.checked = on === boxes.length;
    all.indeterminate = on > 0 && on < boxes.length;
  };
  document.querySelector(".check-all").hidden = false;
  document.querySelector(".no-script").hidden = true;
  all.addEventListener("change", () => boxes.forEach((b) => { b.checked = all.checked; }));
  boxes.forEach((b) => b.addEventListener("change", show));
  show();
}

// A search may take seconds, so its button shows that it is running. A page that the browser has kept for the back button must not
// show this any more.
document.addEventListener("submit", (e) => e.submitter?.setAttribute("aria-busy", "true"));
addEventListener("pageshow", () => document.querySelectorAll("button[aria-busy]").forEach((b) => b.removeAttribute("aria-busy")));
