// The sentences of a language, as Nidan serves them: assets/texts/ja.json and en.json.

export class Texts {
  constructor(nidan, locale, overrides = {}) {
    this.nidan = nidan;
    this.wanted = locale || (document.documentElement.lang || navigator.language || '').slice(0, 2);
    this.overrides = overrides; // by language, then by name
    this.all = {};
    this.served = {}; // without what overrides them
  }

  get locale() { return this.current; }

  // load fetches a language, if it is not there yet, and makes it the current one. One that there is not is Japanese.
  async load(locale = this.wanted) {
    const known = ['ja', 'en'].includes(locale) ? locale : 'ja';
    if (!this.all[known]) {
      const answer = await fetch(`${this.nidan}/assets/texts/${known}.json`);
      if (!answer.ok) throw new Error(`texts: ${answer.status}`);
      this.served[known] = await answer.json();
      this.all[known] = { ...this.served[known], ...this.overrides[known] };
    }
    this.current = known;
  }

  has(name) { return name in (this.all[this.current] || {}); }

  // isUsual says whether a text is the usual sentence of that name, in whichever language, and not words of the policies' own.
  isUsual(name, text) { return Object.values(this.served).some((sentences) => sentences[name] === text); }

  // say is a sentence with its facts put in. One that is missing is replaced by its name.
  say(name, facts = {}) {
    const sentence = this.has(name) ? this.all[this.current][name] : name;
    return sentence.replace(/\{\{\.(\w+)\}\}/g, (_, key) => (key in facts ? facts[key] : ''));
  }
}
