/** Lets a developer try the test environment. Credentials stay in the page's memory and go to /test/ only. */
export const script = `
const credentials=document.getElementById('credentials')
for(const form of document.querySelectorAll('form[data-path]'))form.addEventListener('submit',async event=>{
event.preventDefault()
const out=form.querySelector('output')
const show=(text,kind)=>{out.textContent=text;out.className=kind}
const key=credentials.value.trim()
if(key.split(':').length!==3)return show('Fill in the test key at the top first: ID:PW:API_KEY.','bad')
if(key.includes(':ak_live_'))return show('That is a live key. This page takes keys of the test environment only.','bad')
let path=form.dataset.path
for(const input of form.querySelectorAll('[data-in=path]'))path=path.replace('{'+input.name+'}',encodeURIComponent(input.value))
const query=new URLSearchParams([...form.querySelectorAll('[data-in=query]')].filter(i=>i.value).map(i=>[i.name,i.value]))
const headers={authorization:'Basic '+btoa(String.fromCharCode(...new TextEncoder().encode(key)))}
const area=form.querySelector('textarea'),file=form.querySelector('input[type=file]')
let body
if(area){body=area.value;headers['content-type']=area.dataset.type}
if(file){body=file.files[0];headers['content-type']='image/jpeg'}
show('…','soft')
try{
const began=performance.now()
const answer=await fetch('/test'+path+(query.size?'?'+query:''),{method:form.dataset.method,headers,body})
const text=await answer.text()
const lines=['HTTP '+answer.status+'  '+Math.round(performance.now()-began)+' ms']
for(const name of ['x-request-id','ratelimit','retry-after','idempotency-replayed'])if(answer.headers.get(name))lines.push(name+': '+answer.headers.get(name))
let shown=text
try{shown=JSON.stringify(JSON.parse(text),null,2)}catch{}
show(lines.join('\\n')+'\\n\\n'+shown,answer.ok?'good':'bad')
}catch(error){show('No answer: '+error.message,'bad')}
})
for(const form of document.querySelectorAll('form[hidden]'))form.hidden=false
`
