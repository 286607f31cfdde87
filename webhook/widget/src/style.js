export const css = `
:host{all:initial;--bg:#fff;--ink:#1b2430;--soft:#5a6675;--line:#d9dfe8;--brand:#1456c8;--on:#fff;--me:#1456c8;--meink:#fff;--it:#f0f3f8;--bad:#b3261e;
font:16px/1.6 system-ui,-apple-system,"PingFang SC","Microsoft YaHei","Noto Sans CJK SC",sans-serif;color:var(--ink)}
@media (prefers-color-scheme:dark){:host{--bg:#161c25;--ink:#e8edf4;--soft:#a9b5c5;--line:#364252;--brand:#8ab8ff;--on:#0b1a33;--me:#2a5fb8;--meink:#fff;--it:#222b38;--bad:#ffb4ab}}
*{box-sizing:border-box}
[hidden]{display:none!important}
button,textarea,a{font:inherit;color:inherit}
button{cursor:pointer;background:none;border:0;padding:0}
:focus-visible{outline:3px solid var(--brand);outline-offset:2px}
.launch{position:fixed;right:max(20px,env(safe-area-inset-right));bottom:max(20px,env(safe-area-inset-bottom));z-index:2147483000;display:flex;align-items:center;gap:8px;
min-height:52px;padding:8px 20px;border-radius:26px;background:var(--brand);color:var(--on);font-weight:600;box-shadow:0 6px 24px #0004}
.badge{min-width:24px;height:24px;border-radius:12px;background:#b3261e;color:#fff;font-size:14px;line-height:24px;text-align:center;padding:0 6px}
.panel{position:fixed;right:20px;bottom:20px;z-index:2147483001;width:400px;height:min(680px,calc(100dvh - 40px));display:flex;flex-direction:column;background:var(--bg);color:var(--ink);
border:1px solid var(--line);border-radius:18px;overflow:hidden;box-shadow:0 16px 48px #0005}
@media (max-width:520px){.panel{inset:0;width:auto;height:var(--tall,100dvh);border:0;border-radius:0;padding:env(safe-area-inset-top) env(safe-area-inset-right) env(safe-area-inset-bottom) env(safe-area-inset-left)}}
header{display:flex;align-items:center;gap:4px;padding:10px 8px 10px 18px;border-bottom:1px solid var(--line)}
h2{flex:1;margin:0;font-size:17px;font-weight:600;line-height:1.4}
header button{min-width:44px;min-height:44px;border-radius:10px;color:var(--soft);font-size:15px;padding:0 8px}
.state{margin:0;padding:6px 18px;font-size:14px;color:var(--soft);background:var(--it)}
.state.bad{color:var(--bad)}
.log{flex:1;overflow-y:auto;overscroll-behavior:contain;padding:14px 14px 4px;display:flex;flex-direction:column;gap:10px}
.older{align-self:center;color:var(--brand);min-height:44px;padding:0 12px}
.row{display:flex;flex-direction:column;align-items:flex-start;max-width:88%}
.row.visitor{align-self:flex-end;align-items:flex-end}
.bubble{background:var(--it);border-radius:14px;padding:10px 14px;overflow-wrap:anywhere}
.visitor .bubble{background:var(--me);color:var(--meink)}
.staff .bubble{border:2px solid var(--brand)}
.bubble p{margin:0 0 4px}
.bubble p:last-child{margin:0}
.bubble b{font-weight:600}
.bubble details{margin-top:6px}
.bubble summary{cursor:pointer;color:var(--brand);min-height:32px}
.copy{text-decoration:underline dotted;text-underline-offset:3px;border-radius:4px}
.bubble canvas{display:block;max-width:100%;max-height:220px;border-radius:8px}
.shot{display:block;min-width:120px;min-height:64px;text-align:left;color:var(--soft)}
.meta{font-size:13px;color:var(--soft);margin:2px 4px 0;display:flex;flex-wrap:wrap;gap:0 8px;align-items:center}
.meta button{color:var(--brand);min-height:32px}
.meta .thumb{min-width:40px;min-height:40px;display:grid;place-items:center}
.meta .bad{color:var(--bad)}
.meta a{color:var(--brand);white-space:nowrap}
.choices{display:flex;flex-direction:column;gap:8px;margin-top:8px;align-items:flex-start}
.choices button{border:1px solid var(--brand);color:var(--brand);border-radius:12px;padding:8px 14px;min-height:44px;text-align:left}
.choices .controls{display:flex;flex-wrap:wrap;gap:8px}
.choices .controls button{border-color:var(--line);color:var(--soft)}
.choices button[aria-pressed=true]{background:var(--brand);color:var(--on)}
.typing{font-size:14px;color:var(--soft);padding:0 4px}
form{display:flex;align-items:flex-end;gap:8px;padding:10px 12px;border-top:1px solid var(--line)}
textarea{flex:1;min-width:0;resize:none;min-height:44px;max-height:140px;padding:9px 12px;border:1px solid var(--soft);border-radius:12px;background:var(--bg);line-height:1.5}
form button{min-height:44px;min-width:44px;border-radius:12px}
.attach{color:var(--soft);display:grid;place-items:center}
.send{background:var(--brand);color:var(--on);padding:0 16px;font-weight:600}
.send[disabled]{opacity:.55;cursor:default}
.preview{display:flex;align-items:center;gap:10px;padding:8px 14px;border-top:1px solid var(--line);font-size:14px;color:var(--soft)}
.preview canvas{height:56px;border-radius:8px}
.preview button{color:var(--brand);min-height:44px}
.drop{outline:3px dashed var(--brand);outline-offset:-8px}
.over{align-self:center;margin:0;font-size:14px;color:var(--soft)}
@media print{.launch,.panel{display:none}}
.sr{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%);white-space:nowrap}
`;
