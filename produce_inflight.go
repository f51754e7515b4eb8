package kafka

import (
	"sync"
	"sync/atomic"
)

// inFlight are the messages of a partition that the engine has. Produce fills blocks of them one after the other, and
// promises only mark what is delivered: a block without messages may be another partition's already when this one
// notices, which it does by the block's number.
type inFlight struct {
	number uint32       // of the last block, which is filled now
	used   int          // of places
	places []outgoing   // all of it; nil: there is no block
	blocks []blockInUse // in the order of Produce
	back   outgoingList // handed to the engine once more: older than those in blocks
}

// blockInUse is a block, and its number while it is used here.
type blockInUse struct {
	*outgoingBlock
	number uint32
}

// over reports whether no message of the block waits for its report any more.
func (b blockInUse) over() bool {
	return b.left.Load() == 0 || b.outgoingBlock.number.Load() != b.number
}

// outgoingBlock is some outgoing that are one behind the other in memory.
type outgoingBlock struct {
	outgoingHome
	number  atomic.Uint32 // another one each time it is used
	left    atomic.Int32  // of each, those that are not used yet or have no report
	spoiled atomic.Bool   // the engine may have one of them longer than that
	each    []outgoing
	_       [16]byte // so that the first begins with a cache line, as the runtime puts a word in front of all
}

// Messages of a block. Where very many are under way none is in a cache any more when its promise comes, and what a processor
// does about it, to read ahead, needs a stretch of memory: with blocks of 80 a message costs 0.1 to 0.2 µs less. Where
// few are under way small blocks come back sooner, and stay in the caches.
const (
	smallBlock   = 20
	largeBlock   = 80
	manyMessages = 4000 // under way in all
)

// take returns an outgoing for the next message, which must be pushed.
func (f *inFlight) take(s *spares, q *produceQueue) *outgoing {
	if f.used == len(f.places) {
		f.prune()
		b := s.take(q.messages() >= manyMessages)
		b.left.Store(int32(len(b.each)))
		f.number, f.used, f.places = b.number.Add(1), 0, b.each
		f.blocks = append(f.blocks, blockInUse{b, f.number})
	}
	return &f.places[f.used]
}

// push puts a message in.
func (f *inFlight) push(o *outgoing) {
	if o.has(outOfBlock) {
		o.state.Store(msgInEngine)
		f.back.push(o)
		return
	}
	o.state.Store(f.number*msgStates + msgInEngine)
	f.used++
}

// prune forgets the oldest messages that have their reports.
func (f *inFlight) prune() {
	for o := f.back.first; o != nil && o.state.Load() != msgInEngine; o = f.back.first {
		f.back.remove(o)
	}
	n := 0
	for n < len(f.blocks) && f.blocks[n].over() {
		n++
	}
	clear(f.blocks[:n])
	f.blocks = f.blocks[n:]
}

// each calls do for all messages that have no report, from the oldest on, until it returns false. do may change their
// states, from the word that it gets. No block is used again meanwhile.
func (f *inFlight) each(s *spares, do func(o *outgoing, word uint32) bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f.prune()
	for o, next := f.back.first, (*outgoing)(nil); o != nil; o = next {
		next = o.more().next
		if o.state.Load() == msgInEngine && !do(o, msgInEngine) {
			return
		}
	}
	for i, b := range f.blocks {
		each := b.each
		if i == len(f.blocks)-1 {
			each = each[:f.used]
		}
		word := b.number*msgStates + msgInEngine
		for j := range each {
			if o := &each[j]; o.state.Load() == word && !do(o, word) {
				return
			}
		}
	}
}

// first returns the oldest message that has no report, nil if there is none.
func (f *inFlight) first(s *spares) (first *outgoing) {
	f.each(s, func(o *outgoing, _ uint32) bool { first = o; return false })
	return first
}

// len returns how many messages have no report.
func (f *inFlight) len(s *spares) (n int) {
	f.each(s, func(*outgoing, uint32) bool { n++; return true })
	return n
}

// shrink gives up all memory if there are no messages. It reports whether that is so.
func (f *inFlight) shrink(s *spares) bool {
	if f.first(s) != nil {
		return false
	}
	*f = inFlight{}
	return true
}

// remove takes out a message that has its report otherwise than by being delivered, or is not the engine's any more. The
// engine may still look at it, so its block is not used again.
func (f *inFlight) remove(o *outgoing) {
	if o.has(outOfBlock) {
		f.back.remove(o)
		return
	}
	o.set(outOfBlock)
	b := o.home.block
	b.spoiled.Store(true)
	b.left.Add(-1)
}

// spares are blocks to be used again.
type spares struct {
	mu           sync.Mutex // guards the blocks; taken after a partition's
	small, large []*outgoingBlock
	_            cacheLine

	// Messages delivered of a block that are still in its left. Only the promise uses these.
	last  *outgoingBlock
	fewer int32
}

// maxSpares bounds what is kept of each size: to 8 MB of small blocks and 32 MB of large ones, and that only while messages
// are produced, see drop. A full queue of the default size has 19 MB.
const maxSpares = 2048

// kind returns the blocks of a size.
func (s *spares) kind(large bool) *[]*outgoingBlock {
	if large {
		return &s.large
	}
	return &s.small
}

func (s *spares) take(large bool) *outgoingBlock {
	s.mu.Lock()
	defer s.mu.Unlock()
	blocks := s.kind(large)
	n := len(*blocks) - 1
	if n < 0 {
		return newBlock(large)
	}
	b := (*blocks)[n]
	(*blocks)[n] = nil
	*blocks = (*blocks)[:n]
	return b
}

func newBlock(large bool) *outgoingBlock {
	var b *outgoingBlock
	if large {
		with := new(struct {
			outgoingBlock
			places [largeBlock]outgoing
		})
		b, with.each = &with.outgoingBlock, with.places[:]
	} else {
		with := new(struct {
			outgoingBlock
			places [smallBlock]outgoing
		})
		b, with.each = &with.outgoingBlock, with.places[:]
	}
	b.block = b
	for i := range b.each {
		b.each[i].home = &b.outgoingHome
		b.each[i].flags.Store(uint32(i) << flagBits)
	}
	return b
}

// delivered notes that a message of a block has its report. Only the promise calls it, which is one at a time: as the
// messages of a block come one after the other, it counts them when another block's come.
func (s *spares) delivered(b *outgoingBlock) {
	if b == s.last {
		s.fewer++
		return
	}
	s.settle()
	s.last, s.fewer = b, 1
}

// settle counts what delivered has noted. A promise that goes through the messages of a partition needs it: a block that
// seems to have some keeps all behind it from being forgotten.
func (s *spares) settle() {
	if s.last != nil && s.last.left.Add(-s.fewer) == 0 && !s.last.spoiled.Load() {
		s.give(s.last)
	}
	s.last, s.fewer = nil, 0
}

func (s *spares) give(b *outgoingBlock) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if blocks := s.kind(len(b.each) == largeBlock); len(*blocks) < maxSpares {
		*blocks = append(*blocks, b)
	}
}

// drop leaves to the garbage collector what is kept.
func (s *spares) drop() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.small, s.large = nil, nil
}
