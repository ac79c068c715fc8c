// Package main measures Nidan beside its peers, and writes the results to RESULTS.md (make bench). It drives programs from outside, as
// Kratos and mail servers would: the real program of Nidan, `opa run --server` with the same policies and a decision log, and the small
// servers in bench/peers, which show the most that the router and the database can do.
//
// Compare figures only with figures of the same run: machines differ, and one machine differs from day to day. So every subject has its turn
// in every round, and only the ratios count.
//
// If the machine has two cores and taskset, the servers run on the first core, and the clients on the second. CPU time and memory of the
// processes come from /proc, which only Linux has.
package main
