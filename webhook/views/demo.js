// The inbox of the demonstration's phone: looks for new messages.
"use strict";
{
  const list = /** @type {HTMLElement} */ (document.getElementById("list"));
  const now = /** @type {HTMLElement} */ (document.getElementById("now"));
  let shown = "";
  /** @param {string} tag @param {string} text @param {string} [cls] */
  const make = (tag, text, cls) => {
    const e = document.createElement(tag);
    e.textContent = text;
    if (cls) e.className = cls;
    return e;
  };
  const look = async () => {
    try {
      const answer = await fetch("/demo/inbox");
      if (!answer.ok) return;
      const inbox = await answer.json();
      now.textContent = inbox.now;
      const state = JSON.stringify(inbox.messages);
      if (state === shown) return;
      shown = state;
      list.replaceChildren(...inbox.messages.map((/** @type {any} */ m) => {
        const item = document.createElement("li");
        item.append(make("p", (m.mail ? "邮件" : "短信") + " · " + m.to, "to"), make("p", m.text));
        if (m.path) {
          const link = /** @type {HTMLAnchorElement} */ (make("a", "打开链接"));
          link.href = m.path;
          item.append(link);
        }
        return item;
      }));
      if (!inbox.messages.length) list.append(make("li", "还没有消息", "none"));
    } catch {
      // the server is away; it is asked again
    }
  };
  setInterval(look, 1500);
  look();
}
