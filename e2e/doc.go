// Package e2e drives the real program: Nidan as it is built, a real Kratos, a real SMTP server and, where they are meant, a real
// browser and a real nginx. Nothing here is a double but the relay between Kratos and Nidan, which loses answers when a test
// tells it to.
package e2e
