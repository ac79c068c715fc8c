// Package proof finds out what holds for every possible sign-in. Tests find that out for a few inputs only.
//
// Policies are pure functions of a small number of facts, so all inputs can be walked. The walk asks the policies about one input
// and watches which facts they look at. Only these facts get other values, one after the other. All inputs with the same values of
// these facts form one class, and the policies are asked once for each class.
//
// The compiled policies tell which values of a fact may matter: the words that the schema lists; each constant that the fact may be
// compared with; a text that equals no constant; and the values around each number, version, network and prefix. Facts that are
// compared with each other share these values. Two lists of words belong to Kratos: the type of a flow and the state of an account.
// A later Kratos may add words, so a word that is not in these lists is tried, too.
//
// Sometimes the values that matter cannot be listed, for example because of a regular expression. Then the fact is reported with
// the place of the rule. If the policies look at such a fact, the result is not proven, and [Walked] says this.
package proof
