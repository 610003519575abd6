/**
 * Checks a key, makes calls of the test environment, and copies samples. Keys stay in the page's memory: nothing is stored, and they
 * go to this origin only. Texts are in `data-words`. Calls omit the browser's own
 * credentials, or it would ask for a password where the API answers 401 (https://fetch.spec.whatwg.org/#http-network-or-cache-fetch).
 */
export const script = `
const words=JSON.parse(document.body.dataset.words)
const $=(selector,from=document)=>[...from.querySelectorAll(selector)]
const credentials=document.getElementById('credentials'),scheme=document.getElementById('scheme')
const base64=bytes=>btoa(String.fromCharCode(...new Uint8Array(bytes)))
const utf8=text=>new TextEncoder().encode(text)
function keyOf(text){const key=text.trim();return key.split(':').length===3&&!/\\s/.test(key)?key:undefined}
async function basic(key){return{authorization:'Basic '+base64(utf8(key))}}
async function token(key,prefix){
const answer=await fetch(prefix+'/v1.0/token',{method:'POST',credentials:'omit',headers:{...await basic(key),'content-type':'application/x-www-form-urlencoded'},body:'grant_type=client_credentials'})
const body=await answer.json()
if(!answer.ok)throw new Error(body.error_description)
return{authorization:'Bearer '+body.access_token}}
async function signed(key,method,url,body){
if(!crypto.subtle)throw new Error(words.insecure)
const[id,secret,name]=key.split(':')
const digest='sha-256=:'+base64(await crypto.subtle.digest('SHA-256',body))+':'
const params='("@method" "@target-uri" "content-digest");created='+Math.floor(Date.now()/1000)+';nonce="'+crypto.randomUUID()+'";keyid="'+id+':'+name+'"'
const base='"@method": '+method+'\\n"@target-uri": '+url+'\\n"content-digest": '+digest+'\\n"@signature-params": '+params
const hmac=await crypto.subtle.importKey('raw',utf8(secret),{name:'HMAC',hash:'SHA-256'},false,['sign'])
return{'content-digest':digest,'signature-input':'sig='+params,signature:'sig=:'+base64(await crypto.subtle.sign('HMAC',hmac,utf8(base)))+':'}}
async function call(key,method,prefix,path,headers={},body){
const url=location.origin+prefix+path
const bytes=body===undefined?new Uint8Array():typeof body==='string'?utf8(body):new Uint8Array(await body.arrayBuffer())
const proof=path.startsWith('/v1.0/token')||scheme.value==='basic'?await basic(key):scheme.value==='jwt'?await token(key,prefix):await signed(key,method,url,bytes)
return fetch(url,{method,credentials:'omit',headers:{...headers,...proof},...(body===undefined?{}:{body:bytes})})}
function submitted(form,work){
const out=form.querySelector('output')
const show=(text,kind)=>{out.textContent=text;out.className=kind}
form.addEventListener('submit',async event=>{
event.preventDefault()
show('…','soft')
try{await work(show)}catch(error){show(words.noAnswer+': '+error.message,'bad')}})}
const check=document.getElementById('check')
if(check)submitted(check,async show=>{
const key=keyOf(credentials.value)
if(!key)return show(words.parts,'bad')
const answer=await call(key,'GET',key.includes(':ak_test_')?'/test':'','/v1.0/quota')
const body=await answer.json()
if(!answer.ok)return show(body.code+': '+body.detail+(body.code==='credentials-invalid'?'\\n'+words.wrongScheme:'')+'\\n'+body.requestId,'bad')
const limits=Object.entries(body.limits).map(([name,{limit,remaining,resetsAt}])=>name+': '+remaining+' / '+limit+' '+words.left+' ('+new Date(resetsAt).toLocaleString(document.documentElement.lang)+')')
show([words.good,words.customer+': '+body.customer+' ('+body.environment+')',...limits].join('\\n'),'good')})
for(const form of $('form[data-path]'))submitted(form,async show=>{
const key=keyOf(credentials.value)
if(!key)return show(words.noKey,'bad')
if(key.includes(':ak_live_'))return show(words.liveKey,'bad')
let path=form.dataset.path
for(const input of $('[data-in=path]',form))path=path.replace('{'+input.name+'}',encodeURIComponent(input.value))
const query=new URLSearchParams($('[data-in=query]',form).filter(one=>one.value).map(one=>[one.name,one.value]))
const headers=Object.fromEntries($('[data-in=header]',form).filter(one=>one.value).map(one=>[one.name,one.value]))
const area=form.querySelector('textarea'),file=form.querySelector('input[type=file]')
if(area)headers['content-type']=area.dataset.type
if(file)headers['content-type']='image/jpeg'
const began=performance.now()
const answer=await call(key,form.dataset.method,'/test',path+(query.size?'?'+query:''),headers,area?area.value:file?file.files[0]:undefined)
const text=await answer.text()
const lines=['HTTP '+answer.status+'  '+Math.round(performance.now()-began)+' ms']
for(const name of['x-request-id','ratelimit','retry-after','idempotency-replayed'])if(answer.headers.get(name))lines.push(name+': '+answer.headers.get(name))
let shown=text
try{shown=JSON.stringify(JSON.parse(text),null,2)}catch{}
show(lines.join('\\n')+'\\n\\n'+shown,answer.ok?'good':'bad')})
for(const input of $('input[name=Idempotency-Key]')){
const renew=()=>{input.value=Array.from(crypto.getRandomValues(new Uint8Array(8)),byte=>byte.toString(16).padStart(2,'0')).join('')}
input.form.querySelector('textarea')?.addEventListener('input',renew)
renew()}
for(const form of $('form[hidden]'))form.hidden=false
for(const button of $('.copy')){
button.hidden=!navigator.clipboard
const label=button.textContent
button.addEventListener('click',async()=>{
await navigator.clipboard.writeText(button.nextElementSibling.textContent)
button.textContent=words.copied
setTimeout(()=>{button.textContent=label},2000)})}
for(const radio of $('.tabs input'))radio.addEventListener('change',()=>{
for(const other of $('.tabs input'))if(other.value===radio.value)other.checked=true})
function reveal(){
const target=document.getElementById(decodeURIComponent(location.hash.slice(1)))
if(target instanceof HTMLDetailsElement)target.open=true}
addEventListener('hashchange',reveal)
reveal()
`
