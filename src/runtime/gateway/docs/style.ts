/** The look of the page: one column that reads well, on a phone and in the dark too. */
export const style = `
:root{color-scheme:light dark;--ink:#1a1d21;--soft:#5c6670;--line:#e3e6ea;--back:#fff;--code:#f5f7f9;--accent:#0b5bd3;--good:#0a7a3d;--bad:#b3261e}
@media(prefers-color-scheme:dark){:root{--ink:#e6e9ec;--soft:#98a2ad;--line:#2a3037;--back:#121519;--code:#1b2026;--accent:#7db0ff;--good:#5fd08f;--bad:#ff8a80}}
*{box-sizing:border-box}
body{margin:0;background:var(--back);color:var(--ink);font:16px/1.6 system-ui,sans-serif}
main,header{max-width:52rem;margin:0 auto;padding:0 1.25rem}
header{padding-top:3rem}h1{font-size:1.9rem;line-height:1.2;margin:0 0 .5rem}
h2{font-size:1.3rem;margin:3rem 0 .75rem;padding-top:1rem;border-top:1px solid var(--line)}
h3{font-size:1.05rem;margin:2rem 0 .5rem}p{margin:.5rem 0}
nav ul{list-style:none;padding:0;margin:1.5rem 0;display:grid;gap:.25rem}
a{color:var(--accent);text-decoration:none}a:hover{text-decoration:underline}
.verb{display:inline-block;min-width:3.2rem;font:600 .8rem/1.6 ui-monospace,monospace;color:var(--accent)}
code,pre,input,textarea{font-family:ui-monospace,monospace;font-size:.88rem}
code{background:var(--code);padding:.1em .35em;border-radius:4px}
pre{background:var(--code);padding:1rem;border-radius:8px;overflow:auto;margin:.75rem 0}
.wide{overflow-x:auto}table{border-collapse:collapse;width:100%;font-size:.92rem}
th,td{text-align:left;vertical-align:top;padding:.45rem .75rem .45rem 0;border-bottom:1px solid var(--line)}
th{color:var(--soft);font-weight:500}.soft{color:var(--soft)}
form{border:1px solid var(--line);border-radius:8px;padding:1rem;margin:1rem 0}
label{display:block;font-size:.85rem;color:var(--soft);margin:.5rem 0 .2rem}
input,textarea{width:100%;padding:.5rem .6rem;border:1px solid var(--line);border-radius:6px;background:var(--back);color:var(--ink)}
textarea{min-height:8rem;resize:vertical}
button{margin-top:.75rem;padding:.5rem 1rem;border:0;border-radius:6px;background:var(--accent);color:var(--back);font:600 .9rem system-ui;cursor:pointer}
:focus-visible{outline:2px solid var(--accent);outline-offset:2px}
.good{color:var(--good)}.bad{color:var(--bad)}footer{height:5rem}
`
