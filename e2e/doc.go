// Package e2e drives the real program: Nidan as it is built, a real Kratos, a real SMTP server, and, where a test needs them, a real browser
// and a real nginx. It has doubles only for faults and for the clock, such as the relay between Kratos and Nidan, which loses answers when a
// test tells it to.
package e2e
