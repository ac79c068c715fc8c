// Package main measures Nidan beside its peers and writes what came out to RESULTS.md (make bench). It drives programs from outside, as
// Kratos and mail servers would: Nidan as it is built, `opa run --server` with the same policies and a decision log, and the small
// servers in bench/peers, which show what the router and the database can do at most.
//
// What is measured in one run is comparable with the rest of that run and with nothing else: machines differ, and so do days. So
// every subject has its turn in every round, and what counts are ratios.
//
// Where the machine has two cores and taskset, what serves has the first and what asks has the second. It reads processes' time and
// memory in /proc, which is Linux's.
package main
