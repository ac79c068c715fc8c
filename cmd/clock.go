package cmd

import "time"

// now is the clock of the whole program. The build tag shiftedclock gives it another one, for tests of what a clock that is wrong does.
var now = time.Now
