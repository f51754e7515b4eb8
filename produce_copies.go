package kafka

import (
	"bytes"
	"sync/atomic"
)

// copies is where Produce copies what it is given: the application may use its buffers again as soon as it returns. Small
// keys and values share allocations, those of all partitions, so that the next place is in the processor's caches. An
// application that keeps the bytes of one report keeps those of its neighbours with it: so the lots are small.
type copies struct{ lot atomic.Pointer[copyLot] }

// copyLot is taken piece by piece, by whoever comes.
type copyLot struct {
	spent atomic.Int64
	bytes [copyLotBytes]byte
}

const (
	copyLotBytes = 2<<10 - 8
	smallBytes   = 256 // at most, key and value together; larger ones are allocated each for itself
)

// noBytes is an empty key or value, which is not nil.
var noBytes = []byte{}

// clone is bytes.Clone for a key and a value.
func (c *copies) clone(key, value []byte) (keyCopy, valueCopy []byte) {
	n := len(key) + len(value)
	if n > smallBytes {
		return bytes.Clone(key), bytes.Clone(value)
	}
	room := c.room(n)
	return put(room[:len(key):len(key)], key), put(room[len(key):], value)
}

// room returns n bytes.
func (c *copies) room(n int) []byte {
	if n == 0 {
		return nil
	}
	lot := c.lot.Load()
	if lot != nil {
		if end := lot.spent.Add(int64(n)); end <= copyLotBytes {
			return lot.bytes[end-int64(n) : end : end]
		}
	}
	next := new(copyLot)
	next.spent.Store(int64(n))
	c.lot.CompareAndSwap(lot, next) // else another one has begun a lot, and the rest of this one is left
	return next.bytes[:n:n]
}

// put copies from to room, which has its size.
func put(room, from []byte) []byte {
	switch {
	case from == nil:
		return nil
	case len(from) == 0:
		return noBytes
	}
	copy(room, from)
	return room
}
