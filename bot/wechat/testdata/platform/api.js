// The interfaces of the platform, with their state: tokens that end, a window and
// a quota of sends for each person, limits of length, errors on demand.
import http from "node:http";
import { randomBytes } from "node:crypto";

const windowHours = 48;

export class Api {
  constructor({ appid, secret, sends = 5, maxText = 2048 }) {
    Object.assign(this, { appid, secret, sends, maxText });
    this.people = new Map(); // openid => {left, until, inbox}
    this.sent = []; // {to, text, code}
    this.faults = []; // errcodes, "hang" or an HTTP status, for the next sends
    this.tokens = { asked: 0, forced: 0, now: "" };
    this.menus = 0;
    this.calls = 0; // of any interface
    this.server = http.createServer((req, res) => this.#answer(req, res));
  }

  listen() {
    return new Promise((resolve) => this.server.listen(0, "127.0.0.1", () => resolve(`http://127.0.0.1:${this.server.address().port}`)));
  }

  close() {
    this.server.closeAllConnections();
    this.server.close();
  }

  // heard opens a person's window: each message counts anew.
  heard(openid) {
    const who = this.people.get(openid) ?? { inbox: [] };
    who.left = this.sends;
    who.until = Date.now() + windowHours * 3600e3;
    this.people.set(openid, who);
  }

  expire() {
    this.tokens.now = "expired";
  }

  async #answer(req, res) {
    let body = "";
    this.calls++;
    for await (const chunk of req) body += chunk;
    const url = new URL(req.url, "http://x");
    const reply = (value) => res.end(JSON.stringify(value));
    if (url.pathname === "/cgi-bin/stable_token") return reply(this.#token(JSON.parse(body)));
    if (url.searchParams.get("access_token") !== this.tokens.now) return reply({ errcode: 40001, errmsg: "invalid credential" });
    switch (url.pathname) {
      case "/cgi-bin/message/custom/typing":
        return reply({ errcode: 0, errmsg: "ok" });
      case "/cgi-bin/menu/create":
        this.menus += JSON.parse(body).button.length > 0 ? 1 : 0;
        return reply({ errcode: 0, errmsg: "ok" });
      case "/cgi-bin/message/custom/send": {
        const fault = this.faults.shift();
        if (fault === "hang") return; // nobody answers
        if (fault >= 500 && fault < 600) return res.writeHead(fault).end();
        const code = fault ?? this.#send(JSON.parse(body));
        this.sent.push({ body, code, at: Date.now() });
        return reply({ errcode: code, errmsg: code ? "refused" : "ok" });
      }
    }
    res.writeHead(404).end();
  }

  #token({ appid, secret, force_refresh }) {
    this.tokens.asked++;
    if (appid !== this.appid) return { errcode: 40013, errmsg: "invalid appid" };
    if (secret !== this.secret) return { errcode: 40125, errmsg: "invalid appsecret" };
    if (force_refresh) this.tokens.forced++;
    if (force_refresh || this.tokens.now === "") this.tokens.now = randomBytes(256).toString("hex");
    return { access_token: this.tokens.now, expires_in: 7200 };
  }

  #send(message) {
    const who = this.people.get(message.touser);
    if (!who) return 40003;
    if (Date.now() > who.until) return 45015;
    if (who.left <= 0) return 45047;
    const text = message.text?.content ?? message.msgmenu?.head_content ?? "";
    if (Buffer.byteLength(text) > this.maxText) return 45002;
    who.left--;
    who.inbox.push(text);
    return 0;
  }
}
