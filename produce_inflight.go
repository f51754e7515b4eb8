package kafka

import (
	"sync"
	"sync/atomic"
)

// inFlight are the messages of a partition that the engine has. Produce fills blocks of them one after the other, and
// promises only mark what is delivered: a block without messages may be another partition's already when this one
// notices, which it does by the block's number.
type inFlight struct {
	last   blockInUse   // of blocks, again: what a message needs is then together
	used   int          // places of it
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

// outgoingBlock is a page of outgoing.
type outgoingBlock struct {
	outgoingHome
	number  atomic.Uint32 // another one each time it is used
	left    atomic.Int32  // of each, those that are not used yet or have no report
	spoiled atomic.Bool   // the engine may have one of them longer than that
	_       [36]byte      // so that each begins with a cache line, as the runtime puts a word in front of all
	each    [outgoingPerBlock]outgoing
}

const outgoingPerBlock = 20

// take returns an outgoing for the next message, which must be pushed.
func (f *inFlight) take(s *spares) *outgoing {
	if f.last.outgoingBlock == nil || f.used == outgoingPerBlock {
		f.prune()
		b := s.take()
		b.left.Store(outgoingPerBlock)
		f.last, f.used = blockInUse{b, b.number.Add(1)}, 0
		f.blocks = append(f.blocks, f.last)
	}
	return &f.last.each[f.used]
}

// push puts a message in.
func (f *inFlight) push(o *outgoing) {
	if o.has(outOfBlock) {
		o.state.Store(msgInEngine)
		f.back.push(o)
		return
	}
	o.state.Store(f.last.number*msgStates + msgInEngine)
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
		used := outgoingPerBlock
		if i == len(f.blocks)-1 {
			used = f.used
		}
		word := b.number*msgStates + msgInEngine
		for j := range b.outgoingBlock.each[:used] {
			if o := &b.outgoingBlock.each[j]; o.state.Load() == word && !do(o, word) {
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
	mu     sync.Mutex // guards blocks; taken after a partition's
	blocks []*outgoingBlock
	_      cacheLine

	// Messages delivered of a block that are still in its left. Only the promise uses these.
	last  *outgoingBlock
	fewer int32
}

// maxSpares bounds what is kept to 8 MB, and that only while messages are produced, see drop.
const maxSpares = 2048

func (s *spares) take() *outgoingBlock {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := len(s.blocks) - 1
	if n < 0 {
		return newBlock()
	}
	b := s.blocks[n]
	s.blocks[n] = nil
	s.blocks = s.blocks[:n]
	return b
}

func newBlock() *outgoingBlock {
	b := &outgoingBlock{}
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
	if s.last != nil && s.last.left.Add(-s.fewer) == 0 && !s.last.spoiled.Load() {
		s.give(s.last)
	}
	s.last, s.fewer = b, 1
}

func (s *spares) give(b *outgoingBlock) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.blocks) < maxSpares {
		s.blocks = append(s.blocks, b)
	}
}

// drop leaves to the garbage collector what is kept.
func (s *spares) drop() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.blocks = nil
}
