// Nidan asks for a second step where a policy says so. See README.md; the commands are in cmd/.
package main

import "nidan/cmd"

func main() { cmd.Main() }
