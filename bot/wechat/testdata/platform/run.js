// Plays the WeChat platform against a signdesk that it starts, kills and starts
// again. Prints a JSON list of checks: {name, ok, detail}.
//
//	node run.js BINARY DIRECTORY
import { spawn } from "node:child_process";
import { Api } from "./api.js";
import { Pusher } from "./push.js";

const [binary, dir] = process.argv.slice(2);
const account = { appid: "wx1234567890abcdef", token: "token4callbacks", aesKey: "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG", secret: "0123456789abcdef" };
const checks = [];
const check = (name, ok, detail) => checks.push({ name, ok: Boolean(ok), detail: ok ? "" : JSON.stringify(detail) });
const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const until = async (ready, ms = 20000) => {
  for (const end = Date.now() + ms; Date.now() < end; await sleep(50)) if (await ready()) return true;
  return false;
};

const api = new Api(account);
const env = {
  ...process.env, SIGNDESK_ADDR: "127.0.0.1:0", SIGNDESK_STORE: `${dir}/store.db`, SIGNDESK_RATES: "0,0",
  SIGNDESK_WECHAT_APPID: account.appid, SIGNDESK_WECHAT_SECRET: account.secret, SIGNDESK_WECHAT_TOKEN: account.token,
  SIGNDESK_WECHAT_AESKEY: account.aesKey, SIGNDESK_WECHAT_VERIFIED: "on", SIGNDESK_WECHAT_API: await api.listen(),
};
let server, base, log = "";
async function start() {
  server = spawn(binary, ["serve"], { env, cwd: dir });
  let out = "";
  server.stdout.on("data", (d) => (out += d));
  server.stderr.on("data", (d) => (log += d));
  if (!(await until(() => /ready: (\S+)/.test(out)))) throw new Error(`no start: ${out}${log}`);
  base = /ready: (\S+)/.exec(out)[1];
  pusher.url = `${base}/wechat`;
}
async function stop(signal) {
  const ended = new Promise((resolve) => server.once("exit", resolve));
  server.kill(signal);
  await ended;
}
const pusher = new Pusher(account);
const push = pusher.push.bind(pusher);
pusher.push = async (message, options) => {
  api.heard(message.from);
  return push(message, options);
};

// forgeries are answered with an error, and nobody hears of them.
async function forgeries() {
  const verified = await pusher.verify();
  check("address is verified", verified.status === 200 && verified.body === "echo-1", verified);
  const forged = await pusher.verify((q) => (q.signature = "0".repeat(40)));
  check("verification is not answered to everybody", forged.status === 403 && !forged.body.includes("echo"), forged);
  const text = pusher.text("forger", "提示无权限怎么办");
  const other = new Pusher({ ...account, url: pusher.url, appid: "wxffffffffffffffff" });
  const falsified = {
    "plaintext under a recorded signature": { mode: "plain" },
    "plaintext said to be sealed": { mode: "plain", change: (r) => (r.query.encrypt_type = "aes") },
    "wrong msg_signature": { change: (r) => (r.query.msg_signature = "0".repeat(40)) },
    "only the plain signature": { change: (r) => delete r.query.msg_signature },
    "changed after it was signed": { change: (r) => (r.body = r.body.replace("<Encrypt><![CDATA[", "$&AAAA")) },
    "another nonce": { change: (r) => (r.query.nonce = "other") },
    "a day old": { at: Date.now() - 24 * 3600e3 },
    "compatible body in safe mode, unsigned": { mode: "compatible", change: (r) => delete r.query.encrypt_type },
    "entities": { change: (r) => (r.body = `<!DOCTYPE x [<!ENTITY a "b">]>${r.body}`) },
    "9 MB": { change: (r) => (r.body = "x".repeat(9 << 20)) },
    "nothing": { change: (r) => (r.body = "") },
  };
  for (const [name, options] of Object.entries(falsified)) {
    const answer = await pusher.post(pusher.request(text, options));
    check(`refused: ${name}`, answer.status !== 200 && answer.status < 500, answer);
  }
  const foreign = await other.post(other.request(text));
  check("refused: another account's", foreign.status === 403, foreign);
}

// story walks from a question to a step of a flow, by numbers and by words.
async function story() {
  const hello = await pusher.push({ from: "dealer", type: "event", fields: { Event: "subscribe", EventKey: "" } });
  check("who follows is greeted", hello.text.includes("您好"), hello);
  const answer = await pusher.say("dealer", "提示无权限怎么办");
  check("an answer comes in the request", answer.text.includes("权限") && answer.attempt === 1 && answer.to === "dealer", answer);
  let said = await pusher.say("dealer", "申请权限 合同C-12-1");
  check("the flow asks who it is", said.text.includes("手机号"), said);
  said = await pusher.say("dealer", "14000001202");
  check("a code is sent", said.text.includes("验证码"), said);
  const inbox = await (await fetch(`${base}/demo/inbox`)).json();
  const code = /\d{6}/.exec((inbox.messages ?? inbox)[0].text)[0];
  said = await pusher.say("dealer", code);
  check("the code is taken", said.text.includes("合同") && said.text.includes("2. 继续申请"), said);
  said = await pusher.say("dealer", "2"); // a number, then words
  check("a choice by its number", said.text.includes("申请人姓名"), said);
  for (const words of ["李示二", "用默认权限", "其他方式申请", "公司财务", "短信通知", "确认", "14000001291", "确认"]) said = await pusher.say("dealer", words);
  check("finance is notified", said.text.includes("已通知财务"), said);
}

// finance opens the link and asks for the transfer: the applicant hears of it by
// a customer-service message.
async function finance() {
  let inbox = await (await fetch(`${base}/demo/inbox`)).json();
  const path = (inbox.messages ?? inbox).find((m) => m.to === "14000001291").path;
  let page = await (await fetch(base + path)).text();
  for (const text of ["开始办理", "中国银行", "浙江", "杭州", "高新支行", "9900000000000037", "确认"]) {
    const form = new FormData();
    form.set("key", /name="key" value="([^"]+)"/.exec(page)[1]);
    const choice = new RegExp(`name="choice" value="([^"]+)"[^>]*>${text}<`).exec(page);
    choice ? form.set("choice", choice[1]) : form.set("text", text);
    page = await (await fetch(base + path, { method: "POST", body: form, headers: { Origin: base } })).text();
  }
  return page;
}

const news = () => (api.people.get("dealer")?.inbox ?? []).filter((t) => t.includes("等待到账"));

async function copies() {
  const many = pusher.text("crowd", "企业怎么认证");
  api.heard("crowd");
  const answers = await Promise.all(Array.from({ length: 1000 }, () => pusher.post(pusher.request(many), 30000)));
  const kinds = new Set(answers.map((a) => `${a.status} ${a.text}`));
  check("1,000 copies at once get one reply", kinds.size === 1 && answers[0].text.includes("认证"), [...kinds].slice(0, 3));
  const metrics = await (await fetch(`${base}/metrics`)).text();
  const turns = metrics.split("\n").filter((l) => l.startsWith("signdesk_turn") && l.includes("wechat")).join("\n");
  check("they are counted as one turn", turns !== "", turns.slice(0, 500));
  const two = await Promise.all([pusher.say("crowd", "提示无权限怎么办"), pusher.say("crowd", "提示未加入企业怎么办")]);
  check("two questions at once are both answered", two.every((a) => a.text !== "") && two[0].text !== two[1].text, two);
}

// odd messages are acknowledged.
async function odd() {
  for (const [type, fields] of Object.entries({ voice: { MediaId: "m", Format: "amr", Recognition: "" }, location: { Label: "x" }, link: { Url: "https://x" }, video: { MediaId: "m" },
    shortvideo: { MediaId: "m" }, image: { MediaId: "m", PicUrl: "http://127.0.0.1:1/x" }, hologram: { Data: "x" } })) {
    const answer = await pusher.push({ from: "odd", type, id: pusher.nextId(), fields });
    check(`a kind reply to ${type}`, answer.status === 200 && /[\u4e00-\u9fff]/.test(answer.text ?? ""), answer);
  }
  for (const Event of ["VIEW", "LOCATION", "TEMPLATESENDJOBFINISH", "unsubscribe", "made_up"]) {
    const answer = await pusher.push({ from: "odd", type: "event", fields: { Event, EventKey: "k" } });
    check(`silence to ${Event}`, answer.status === 200 && answer.text === "", answer);
  }
  const menu = await pusher.push({ from: "odd", id: pusher.nextId(), fields: { Content: "企业怎么认证", bizmsgmenuid: "not-a-number" } });
  check("a menu id that is no number", menu.text?.includes("认证"), menu);
}

// killed: the process dies between a message and its reply.
async function killed() {
  const message = pusher.text("survivor", "怎么更换管理员");
  api.heard("survivor");
  const first = pusher.post(pusher.request(message));
  await sleep(2); // somewhere on the way
  await stop("SIGKILL");
  await first;
  await start();
  const again = await pusher.push(message);
  const more = await pusher.push(message);
  check("after a kill the message is answered, once", again.text.includes("管理员") && more.text === again.text, [again, more]);
}

// replays: a recorded request is answered alike, does nothing, and is refused once
// it is old; also by a process that was not there.
async function replays() {
  const recorded = pusher.request(pusher.text("recorded", "怎么联系人工客服"));
  const first = await pusher.post(recorded), again = await pusher.post(recorded);
  await stop("SIGTERM");
  await start();
  const later = await pusher.post(recorded);
  check("a recorded request gets the same reply, also after a restart", first.text !== "" && again.text === first.text && later.text === first.text, [first, again, later]);
  const old = await pusher.post(pusher.request(pusher.text("recorded", "在吗"), { at: Date.now() - 11 * 60e3 }));
  const early = await pusher.post(pusher.request(pusher.text("recorded", "在吗"), { at: Date.now() + 11 * 60e3 }));
  check("eleven minutes off is refused", old.status === 403 && early.status === 403, [old, early]);
  const resent = await pusher.post(pusher.request(pusher.text("recorded", "在吗"), { at: Date.now() - 9 * 60e3 }));
  check("nine minutes are taken", resent.status === 200 && resent.text !== "", resent);
}

// reordered: an older message comes after a newer one, and both are answered;
// clicks of a menu by number and by words mean the same.
async function reordered() {
  const older = pusher.text("order", "企业怎么认证"), newer = pusher.text("order", "怎么更换管理员");
  older.created = Math.floor(Date.now() / 1000) - 3;
  const b = await pusher.push(newer), a = await pusher.push(older), bb = await pusher.push(newer);
  check("an older message that comes late is answered", a.text.includes("认证") && b.text.includes("管理员") && bb.text === b.text, [a, b, bb]);
  const numeric = await pusher.push({ from: "order", id: pusher.nextId(), fields: { Content: "企业怎么认证", bizmsgmenuid: "101" } });
  check("a menu id that is a number", numeric.text?.includes("认证"), numeric);
}

// kills: the process dies at different moments of a message.
async function kills() {
  for (const [i, ms] of [0, 1, 4, 8, 15].entries()) {
    const message = pusher.text(`victim-${i}`, "提示未加入企业怎么办");
    const first = pusher.post(pusher.request(message));
    await sleep(ms);
    await stop("SIGKILL");
    await first;
    await start();
    const again = await pusher.push(message);
    const next = await pusher.say(`victim-${i}`, "提示无权限怎么办");
    check(`killed after ${ms} ms: answered, and once`, again.text.includes("企业") && !next.text.includes("－－－"), [again, next]);
  }
}

// hanging: the platform's interfaces do not answer; who writes is answered at once
// all the same.
async function hanging() {
  api.faults.push("hang", "hang");
  const answers = await Promise.all(["h1", "h2"].map((who) => pusher.say(who, "企业怎么认证")));
  check("interfaces that hang delay nobody", answers.every((a) => a.text.includes("认证") && a.ms < 2000), answers);
  api.faults.length = 0;
}

// modes: compatible mode, and a key that is being changed.
async function modes() {
  const key = "ZYXWVUTSRQPONMLKJIHGFEDCBA9876543210zyxwvuA"; // 43 letters and digits
  await stop("SIGTERM");
  Object.assign(env, { SIGNDESK_WECHAT_MODE: "compatible", SIGNDESK_WECHAT_AESKEY: key, SIGNDESK_WECHAT_AESKEY_OLD: account.aesKey });
  await start();
  const now = new Pusher({ ...account, aesKey: key, url: pusher.url });
  now.ids = 8000000000000000;
  for (const [name, who] of Object.entries({ "the old key": pusher, "the new key": now })) {
    for (const mode of ["compatible", "safe"]) {
      const answer = await who.push(who.text("keys", "企业怎么认证"), { mode });
      check(`${mode} under ${name}`, answer.text?.includes("认证"), answer);
    }
  }
  const spoiled = await now.post(now.request(now.text("keys", "企业怎么认证"), { mode: "compatible", change: (r) => (r.body = r.body.replace("企业怎么认证", "转人工")) }));
  check("of a compatible body the sealed half counts", spoiled.text?.includes("认证"), spoiled);
  const third = new Pusher({ ...account, aesKey: "B".repeat(42) + "A", url: pusher.url });
  const refused = await third.post(third.request(third.text("keys", "在吗")));
  check("a third key is refused", refused.status === 403, refused);
}

// unverified: an account that may only reply holds a whole conversation, and never
// calls an interface.
async function unverified() {
  await stop("SIGTERM");
  Object.assign(env, { SIGNDESK_WECHAT_MODE: "safe", SIGNDESK_WECHAT_AESKEY: account.aesKey, SIGNDESK_WECHAT_AESKEY_OLD: "", SIGNDESK_WECHAT_VERIFIED: "off" });
  await start();
  const calls = api.calls;
  const replies = [];
  for (const words of ["你好", "提示无权限怎么办", "我要申诉", "取消", "怎么更换管理员", "转人工"]) replies.push((await pusher.say("small", words)).text);
  check("an account that may only reply answers everything", replies.every((t) => /[\u4e00-\u9fff]/.test(t ?? "")) && new Set(replies).size === replies.length, replies);
  const picture = await pusher.push({ from: "small", type: "image", id: pusher.nextId(), fields: { MediaId: "m", PicUrl: "http://127.0.0.1:1/x" } });
  check("a picture of another server is not asked for", picture.text?.includes("图片"), picture);
  check("it never calls an interface", api.calls === calls, api.calls - calls);
}

// errcodes: what the platform refuses for a moment is sent later, once; what is
// closed waits for the person.
async function errcodes() {
  api.faults.push(-1, 502, 40001);
  api.expire();
  const page = await finance();
  const arrived = await until(() => news().length > 0, 60000);
  await sleep(1500);
  check("busy, 502 and a refused token delay a message, which comes once", arrived && news().length === 1, { news: news(), sent: api.sent, page: page.replace(/<[^>]*>|\s+/g, " ").slice(-300) });
  check("the token was renewed once", api.tokens.forced <= 1, api.tokens);
}

try {
  await start();
  await forgeries();
  await story();
  await odd();
  await copies();
  await killed();
  await errcodes();
  await replays();
  await reordered();
  await kills();
  await hanging();
  await modes();
  await unverified();
  const secrets = [account.token, account.aesKey, account.secret, api.tokens.now, "14000001202", "signature="].filter((s) => log.includes(s));
  check("the log tells no secret, no number, no address of a callback", secrets.length === 0, secrets);
  check("nothing broke", !/panic|level=ERROR/.test(log), log.split("\n").filter((l) => /panic|level=ERROR/.test(l)));
} catch (err) {
  check("the program ran to its end", false, `${err.stack}\n${log.slice(-2000)}`);
} finally {
  if (server?.exitCode === null) await stop("SIGTERM");
  api.close();
}
console.log(JSON.stringify(checks));
