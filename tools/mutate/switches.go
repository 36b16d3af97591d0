package main

// switches is added to every package that is broken. MUTANT is the number that is
// on; MET, if set, is a file that every number is written to once it is met.
const switches = `
import (
	"os"
	"strconv"
	"sync"
)

var (
	mutNumber, _ = strconv.Atoi(os.Getenv("MUTANT"))
	mutFile      = os.Getenv("MET")
	mutMet       sync.Map
	mutTurns     int
)

func mutOn(id int) bool {
	return id == mutNumber || mutFile != "" && mutNote(id)
}

func mutNote(id int) bool {
	if _, known := mutMet.LoadOrStore(id, true); !known {
		f, err := os.OpenFile(mutFile, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
		if err == nil {
			_, err = f.WriteString(strconv.Itoa(id) + "\n")
		}
		if err == nil {
			err = f.Close()
		}
		if err != nil {
			os.Exit(3)
		}
	}
	return false
}

func mutSecond(id int) bool {
	if !mutOn(id) {
		return false
	}
	mutTurns++
	return mutTurns%2 == 0
}

func mutAdd[T ~int | ~int8 | ~int16 | ~int32 | ~int64 | ~uint | ~uint8 | ~uint16 | ~uint32 | ~uint64 | ~uintptr](id int, n, v T) T {
	if mutOn(id) {
		return v + n
	}
	return v
}

func mutLess[T ~int | ~int8 | ~int16 | ~int32 | ~int64 | ~uint | ~uint8 | ~uint16 | ~uint32 | ~uint64 | ~uintptr](id int, v T) T {
	if mutOn(id) {
		return v - 1
	}
	return v
}

func mutChoose(id int, v, other bool) bool {
	if mutOn(id) {
		return other
	}
	return v
}

func mutZero[T any](id int, v T) T {
	if mutOn(id) {
		return *new(T)
	}
	return v
}
`
