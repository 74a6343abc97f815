// The search field: an id is explained, a token shows the newest verdicts of its card. A card
// number is never sent: it would be in the addresses that browsers, proxies and logs keep.

import { showRecent } from "./parts.js";
import { explain, explainOnClick } from "./why.js";
import { byId, count, moment, setText } from "./text.js";

const TOKEN = /^[0-9a-f]{32}$/i;
const ID = /^[a-zA-Z0-9._-]{1,249}-\d{1,10}-\d{1,19}$/;
const CARD = "This may be a card number, so it was not sent. Use the commands verdicts find --card, or explain ID.";
const NEITHER = "Neither a token (32 hex digits) nor an id such as bankaccount-3-1042.";

let asking = null; // AbortController of the search that is open

// Twelve digits or more with whatever between them that is no letter, in any script.
const mayBeCard = (text) => /\p{Nd}{12,}/u.test(text.replace(/[^\p{L}\p{Nd}]/gu, ""));

export function searchOnSubmit(form, table, dialog) {
  explainOnClick(table, dialog);
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    asking?.abort();
    const text = byId("search").value.trim();
    show([], "");
    if (TOKEN.test(text)) find(text.toLowerCase());
    else if (mayBeCard(text)) refuse(CARD);
    else if (ID.test(text)) explain(dialog, text);
    else refuse(NEITHER);
  });
}

function refuse(why) {
  byId("search").value = "";
  show([], why);
}

async function find(token) {
  asking = new AbortController();
  const { signal } = asking;
  show([], "Searching …");
  try {
    const answer = await fetch(`verdicts/?token=${token}`, { signal });
    const found = await answer.json();
    if (found.verdicts) show(found.verdicts, summary(found));
    else show([], found.error);
  } catch (error) {
    if (!signal.aborted) show([], "The worker does not answer; try again.");
  }
}

function show(verdicts, note) {
  showRecent(byId("found"), verdicts, moment);
  byId("found-table").hidden = verdicts.length === 0;
  setText("search-note", note);
}

function summary({ verdicts, found, read, complete }) {
  const where = complete ? "" : ` among the last ${count(read)}; verdicts find searches all`;
  if (!found) return `No verdict of this token${where}.`;
  const number = found > verdicts.length ? `The newest ${verdicts.length} of ${count(found)}` : count(found);
  return `${number} ${found === 1 ? "verdict" : "verdicts"} of this token${where}.`;
}
