// Package cores shares work out among the processors of the machine.
//
//	0 1 2 3 4 5 6 7 8 9 …        who is done takes the next
//	│ └──┐
//	▼    ▼
//	worker worker                one goroutine each, until nothing is left
package cores
