// Package proof says what is true for every sign-in that is possible, and not only for some that were tried.
//
// Policies are pure, and they are told few facts, so the space of all inputs can be walked. The policies are asked about one input, and it
// is watched which facts they look at. Only these facts are given other values, one after the other. All inputs that agree in the facts
// that were looked at are one class, and a class is decided once.
//
// Which values of a fact may matter is read off the compiled policies: the words of the schema; each constant that the fact may be
// compared with, and a text that is none of them; what lies around each number, version, network and beginning of a text. Facts that are
// compared with each other share these values. Two kinds of words are Kratos' own, the type of a flow and the state of an account: a later
// Kratos may have others, so a word that is none of them is tried, too.
//
// If the values that matter cannot be enumerated, as with a regular expression, the fact is named with its place. If the policies look at such
// a fact, the result is not proven, and [Walked] says so.
package proof
