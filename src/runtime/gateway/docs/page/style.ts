/** The look of the page: one column that reads well on a phone, and a column for the contents where there is room. */
export const style = `
:root{color-scheme:light dark;--ink:#1a1d21;--soft:#56606a;--line:#e0e4e9;--back:#fff;--code:#f4f6f8;--accent:#0b57c4;--good:#08682f;--bad:#b3261e}
@media(prefers-color-scheme:dark){:root{--ink:#e6e9ec;--soft:#a3adb8;--line:#2c333b;--back:#121519;--code:#1b2026;--accent:#8ab8ff;--good:#6bd699;--bad:#ff9d94}}
*{box-sizing:border-box}
html{scroll-padding-top:4rem}
body{margin:0;background:var(--back);color:var(--ink);font:16px/1.65 system-ui,"Apple SD Gothic Neo","Malgun Gothic","Noto Sans CJK KR",sans-serif;overflow-wrap:break-word}
:lang(ko){word-break:keep-all}
header{position:sticky;top:0;z-index:1;display:flex;justify-content:space-between;align-items:center;gap:1rem;padding:.6rem 1.25rem;background:var(--back);border-bottom:1px solid var(--line)}
.name{margin:0;font-weight:600}
.skip{position:absolute;left:-999px;top:0;z-index:2;padding:.5rem 1rem;background:var(--back)}.skip:focus{left:0}
main{max-width:48rem;margin:0 auto;padding:1.5rem 1.25rem 6rem;min-width:0}
.side{display:none}
h1{font-size:1.9rem;line-height:1.25;margin:0}
h2{font-size:1.4rem;line-height:1.3;margin:3rem 0 .75rem;padding-top:1.5rem;border-top:1px solid var(--line)}
h3{font-size:1.1rem;margin:2rem 0 .5rem}h4{font-size:.95rem;margin:1.5rem 0 .25rem}
p,ul{margin:.6rem 0}ul{padding-left:1.25rem}li{margin:.3rem 0}
.lead{font-size:1.1rem;color:var(--soft)}
a{color:var(--accent)}nav a,.menu a,summary{text-decoration:none}nav a:hover{text-decoration:underline}
nav ul,.menu ul{list-style:none;margin:0;padding:0}nav p,.menu p{margin:1.25rem 0 .25rem;font-weight:600}
nav a,.menu a{display:block;padding:.2rem 0}
.menu,.call{border:1px solid var(--line);border-radius:8px;margin:.6rem 0;padding:0 1rem}
summary{cursor:pointer;padding:.65rem 0}.call[open] summary{border-bottom:1px solid var(--line);margin-bottom:.75rem}
.call .soft{display:block}
.call,.error,.menu{scroll-margin-top:4rem}
.verb{display:inline-block;min-width:3.4rem;font:600 .75rem/1.6 ui-monospace,Menlo,Consolas,monospace;color:var(--accent)}
code,pre,input,textarea,select{font-family:ui-monospace,Menlo,Consolas,"Noto Sans Mono CJK KR",monospace;font-size:.86rem}
code{background:var(--code);padding:.1em .35em;border-radius:4px}
pre{background:var(--code);padding:1rem;border-radius:8px;overflow:auto;margin:.6rem 0;line-height:1.5}pre code{padding:0;background:none;font-size:.84rem;white-space:pre;word-break:normal}
form pre{white-space:pre-wrap;overflow-wrap:anywhere}pre:has(output:empty){display:none}
.wide{overflow-x:auto;margin:.75rem 0}table{border-collapse:collapse;width:100%;font-size:.92rem}
th,td{text-align:left;vertical-align:top;padding:.45rem .75rem .45rem 0;border-bottom:1px solid var(--line)}td:first-child{min-width:7rem}
td:last-child{min-width:12rem}th{color:var(--soft);font-weight:500}.soft{color:var(--soft);font-weight:400}
.call td code{overflow-wrap:anywhere}
.tabs{position:relative;margin:.9rem 0}
.tabs input{position:absolute;opacity:0;width:1px;height:1px}
.tabs label{display:inline-block;margin:0;padding:.3rem .8rem;border:1px solid transparent;border-radius:6px;font-size:.9rem;color:var(--soft);cursor:pointer}
.tabs input:checked+label{border-color:var(--line);background:var(--code);color:var(--ink);font-weight:600}
.tabs input:focus-visible+label{outline:2px solid var(--accent);outline-offset:1px}
.panel{display:none;position:relative}
.tabs input:nth-of-type(1):checked~.panel:nth-of-type(1),.tabs input:nth-of-type(2):checked~.panel:nth-of-type(2),.tabs input:nth-of-type(3):checked~.panel:nth-of-type(3),.tabs input:nth-of-type(4):checked~.panel:nth-of-type(4),.tabs input:nth-of-type(5):checked~.panel:nth-of-type(5){display:block}
.copy{position:absolute;top:.4rem;right:.4rem;margin:0;padding:.15rem .6rem;border:1px solid var(--line);background:var(--back);color:var(--ink);font-size:.8rem;font-weight:400}
form{border:1px solid var(--line);border-radius:8px;padding:1rem;margin:1rem 0}
form label{display:block;font-size:.88rem;color:var(--soft);margin:.6rem 0 .2rem}
form input,textarea,select{width:100%;padding:.5rem .6rem;border:1px solid #7c8791;border-radius:6px;background:var(--back);color:var(--ink)}
textarea{min-height:8rem;resize:vertical}
button{margin-top:.75rem;padding:.5rem 1rem;border:0;border-radius:6px;background:var(--accent);color:var(--back);font:600 .92rem system-ui,sans-serif;cursor:pointer}
:focus-visible{outline:2px solid var(--accent);outline-offset:2px}
.error{padding:.1rem 0 .6rem;border-bottom:1px solid var(--line)}.error h4{margin:.75rem 0 .25rem;font-weight:400;display:flex;flex-wrap:wrap;gap:.25rem .75rem;align-items:baseline}.error h4 span{font-size:.85rem}
.error p{margin:.15rem 0}.error:target,.call:target{background:var(--code)}
.codes{line-height:2}
.good{color:var(--good)}.bad{color:var(--bad)}
@media(min-width:64rem){.columns{display:grid;grid-template-columns:17rem minmax(0,1fr)}.side{display:block;position:sticky;top:3.2rem;align-self:start;height:calc(100vh - 3.2rem);overflow:auto;padding:1.5rem 1rem 2rem 1.5rem;border-right:1px solid var(--line);font-size:.92rem}.menu{display:none}main{margin:0;padding-left:3rem;max-width:55rem}.call .soft{display:inline}.call summary{padding:.65rem 0}}
@media(max-width:40rem){thead{display:none}tr{display:block;padding:.5rem 0;border-bottom:1px solid var(--line)}td,td:first-child,td:last-child{display:block;min-width:0;padding:.1rem 0;border:0}.panel pre{padding-top:2.6rem}}
@media(prefers-reduced-motion:no-preference){html{scroll-behavior:smooth}}
@media print{header,.side,.menu,form,.copy{display:none}.panel{display:block}}
`
