// The texts of a language, as Nidan serves them: assets/texts/ja.json and en.json.

export class Texts {
  constructor(nidan, locale, overrides = {}) {
    this.nidan = nidan;
    this.wanted = locale || (document.documentElement.lang || navigator.language || '').slice(0, 2);
    this.overrides = overrides; // by language and name
    this.all = {};
    this.served = {}; // the texts without the overrides
  }

  get locale() { return this.current; }

  // load fetches the texts of a language, if they are not there yet, and makes it the current language. An unknown language becomes
  // Japanese.
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

  // isUsual says whether a text is the usual text of this name in any language, and not a message of the policies.
  isUsual(name, text) { return Object.values(this.served).some((sentences) => sentences[name] === text); }

  // say returns a text with the facts in place of its placeholders. If the text is missing, it returns the name.
  say(name, facts = {}) {
    const sentence = this.has(name) ? this.all[this.current][name] : name;
    return sentence.replace(/\{\{\.(\w+)\}\}/g, (_, key) => (key in facts ? facts[key] : ''));
  }
}
