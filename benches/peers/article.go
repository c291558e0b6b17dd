// Replication in the manner of a blog article's program: a map behind a lock, one channel into each master, no stamps
// and no origins; what arrives last is kept. Each master has a client of its own. What is measured is the CPU time of
// the process, from the first set until every master has applied every change, for one set; and how many keys any two
// masters then read differently.
//
//	go run article.go MASTERS
package main

import (
	"fmt"
	"os"
	"strconv"
	"sync"
	"syscall"
	"time"
)

const (
	sets     = 200_000 // of each master
	keys     = 10_000
	capacity = 100 // of a channel, as in the article
)

type change struct{ key, value string }

type master struct {
	lock  sync.RWMutex
	data  map[string]string
	inbox chan change
	peers []*master
}

func (m *master) write(c change) {
	m.lock.Lock()
	m.data[c.key] = c.value
	m.lock.Unlock()
}

// Sets here, then sends to each peer, outside the lock.
func (m *master) set(key, value string) {
	c := change{key, value}
	m.write(c)
	for _, peer := range m.peers {
		peer.inbox <- c
	}
}

const digits = "0123456789abcdef"

// A letter and the last 15 digits of the number: text of 16 bytes.
func numbered(letter byte, n uint64) string {
	var text [16]byte
	for place := 15; place > 0; place-- {
		text[place] = digits[n&15]
		n >>= 4
	}
	text[0] = letter
	return string(text[:])
}

func cpu() time.Duration {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		panic(err)
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}

func run(masters int) (nanoseconds float64, differing int) {
	all := make([]*master, masters)
	for i := range all {
		all[i] = &master{data: map[string]string{}, inbox: make(chan change, capacity)}
	}
	for i, one := range all {
		for j, other := range all {
			if i != j {
				one.peers = append(one.peers, other)
			}
		}
	}
	start := cpu()
	var work sync.WaitGroup
	for place, one := range all {
		place, one := uint64(place), one
		work.Add(2)
		go func() { // its client
			defer work.Done()
			for n := uint64(1); n <= sets; n++ {
				number := n*uint64(masters) + place
				mixed := number * 0x9e3779b97f4a7c15 >> 32
				one.set(numbered('k', mixed*keys>>32), numbered('v', number))
			}
		}()
		go func() { // its receive loop
			defer work.Done()
			for left := sets * (masters - 1); left > 0; left-- {
				one.write(<-one.inbox)
			}
		}()
	}
	work.Wait()
	spent := cpu() - start
	for n := uint64(0); n < keys; n++ {
		key := numbered('k', n)
		for _, other := range all[1:] {
			if other.data[key] != all[0].data[key] {
				differing++
				break
			}
		}
	}
	return float64(spent.Nanoseconds()) / float64(sets*masters), differing
}

func main() {
	if len(os.Args) == 2 {
		if masters, err := strconv.Atoi(os.Args[1]); err == nil && masters > 1 {
			fmt.Println(run(masters))
			return
		}
	}
	fmt.Fprintln(os.Stderr, "usage: go run article.go MASTERS")
	os.Exit(2)
}
