package cmd

import "time"

// now is the clock of the whole program. With the build tag shiftedclock, tests can shift this clock and see what a wrong clock does.
var now = time.Now
