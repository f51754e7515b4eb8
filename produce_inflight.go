package kafka

import (
	"sync"
	"sync/atomic"
)

// inFlight are the messages of a partition that the engine has. Produce puts each in the next place of a block, and
// promises only mark what is delivered: a block without messages may have others already when this one notices, which it
// does by the block's number.
type inFlight struct {
	own  *outgoingBlock // filled by this partition alone, up to the end of last; nil: it shares one, see blocks
	last blockRun       // behind those in runs
	runs []blockRun     // in the order of Produce; those before head are forgotten
	head int
	more uint8        // blocks of its own that follow
	back outgoingList // handed to the engine once more: older than those in runs
}

// blockRun is one message after the other of a partition, in a block with that number.
type blockRun struct {
	*outgoingBlock
	number      uint32
	first, size uint8
}

// in reports whether the run is in that block, as it is used now.
func (r *blockRun) in(b *outgoingBlock) bool {
	return r.outgoingBlock == b && r.number == b.number.Load()
}

// gone reports whether there is no such run, or the whole block is over.
func (r *blockRun) gone() bool {
	return r.outgoingBlock == nil || r.left.Load() == 0 || r.outgoingBlock.number.Load() != r.number
}

// over reports whether no message of the run waits for its report any more.
func (r *blockRun) over() bool {
	return r.unreported(func(*outgoing, uint32) bool { return false })
}

// sparse reports whether most messages of the block have their reports.
func (r *blockRun) sparse() bool { return int(r.left.Load()) <= len(r.each)/2 }

// unreported calls do for the messages of the run that have no report, until it returns false. It reports whether it never did.
// do gets the state that they are in.
func (r *blockRun) unreported(do func(o *outgoing, word uint32) bool) bool {
	if r.gone() {
		return true
	}
	word, places := r.number*msgStates+msgInEngine, r.each[r.first:][:r.size]
	for i := range places {
		if o := &places[i]; o.state.Load() == word && !do(o, word) {
			return false
		}
	}
	return true
}

// outgoingBlock is some outgoing that are one behind the other in memory.
type outgoingBlock struct {
	outgoingHome
	number  atomic.Uint32 // another one each time it is used
	left    atomic.Int32  // of each, those that are not used yet or have no report
	next    atomic.Int32  // of each, if partitions share it
	spoiled atomic.Bool   // the engine may have one of them longer than that
	each    []outgoing
	_       [48]byte // so that the first begins with a cache line, as the runtime puts a word in front of all
}

// Messages of a block. Where very many are under way none is in a cache any more when its promise comes, and what a processor
// does about it, to read ahead, needs a stretch of memory: with blocks of 80 a message costs 0.1 to 0.2 µs less. Where
// few are under way small blocks come back sooner, and stay in the caches.
const (
	smallBlock   = 20
	largeBlock   = 80
	manyMessages = 4000 // under way in all
)

// Messages of a partition in one shared block that earn it the next blocks for itself, and how many. What a processor reads
// ahead is worth something if it is what comes next. For a promise that is the next message of the partition; for
// Produce, with a thousand partitions in turn, it is the next message, whosever it is.
//
// A partition of which that many runs wait in blocks that are there for little else gets blocks of its own, too: a message
// that is not delivered for minutes keeps a whole block, so those of a partition without a leader must not lie scattered.
const (
	ownEarned = 4
	ownBlocks = 8
	mostRuns  = 32
)

// take returns an outgoing for the next message, which must be pushed. ch is where its report goes. With alone it is in a
// block of the partition's own.
func (f *inFlight) take(b *blocks, q *produceQueue, ch chan Event, alone bool) *outgoing {
	if f.own != nil && f.last.in(f.own) {
		if used := int(f.last.first + f.last.size); used < len(f.own.each) {
			return &f.own.each[used]
		}
	}
	switch {
	case f.own != nil && f.more > 0:
		f.more--
	case f.lastIn(b.shared.Load()) >= ownEarned || f.scattered():
		f.more = ownBlocks - 1
	case alone:
	default:
		f.own = nil
		return b.next(q, ch)
	}
	f.own = b.take(q, ch)
	return &f.own.each[0]
}

// scattered reports whether the messages that have no report are in many runs, of which the oldest are in blocks that are there
// for little else: while the queue is full there are many runs, too, but in full blocks. A partition that shares them looks now
// and then only, one that has had blocks of its own each time.
func (f *inFlight) scattered() bool {
	if n := len(f.runs); n < mostRuns || f.own == nil && n%mostRuns != 0 {
		return false
	}
	f.prune()
	return len(f.runs)-f.head >= mostRuns && f.runs[f.head+mostRuns/2].sparse()
}

// lastIn returns how many messages the last runs have in that block: as many as are asked about, or fewer.
func (f *inFlight) lastIn(b *outgoingBlock) (n int) {
	if b == nil || !f.last.in(b) {
		return 0
	}
	n = int(f.last.size)
	for i := len(f.runs) - 1; i >= f.head && n < ownEarned && f.runs[i].in(b); i-- {
		n += int(f.runs[i].size)
	}
	return n
}

// push puts a message in.
func (f *inFlight) push(o *outgoing) {
	if o.has(outOfBlock) {
		o.state.Store(msgInEngine)
		f.back.push(o)
		return
	}
	b, place := o.home.block, uint8(o.place())
	if !f.last.in(b) || f.last.first+f.last.size != place {
		if !f.last.gone() {
			f.keepLast()
		}
		f.last = blockRun{b, b.number.Load(), place, 0}
	}
	f.last.size++
	o.state.Store(f.last.number*msgStates + msgInEngine)
}

// keepLast appends last to runs.
func (f *inFlight) keepLast() {
	if len(f.runs) == cap(f.runs) {
		f.prune()
		if f.head > len(f.runs)/2 {
			left := copy(f.runs, f.runs[f.head:])
			clear(f.runs[left:])
			f.runs, f.head = f.runs[:left], 0
		}
	}
	f.runs = append(f.runs, f.last)
}

// prune forgets the oldest messages that have their reports.
func (f *inFlight) prune() {
	for o := f.back.first; o != nil && o.state.Load() != msgInEngine; o = f.back.first {
		f.back.remove(o)
	}
	for f.head < len(f.runs) && f.runs[f.head].over() {
		f.runs[f.head] = blockRun{}
		f.head++
	}
	if f.head == len(f.runs) {
		f.runs, f.head = f.runs[:0], 0
	}
}

// each calls do for all messages that have no report, from the oldest on, until it returns false. do may change their
// states, from the word that it gets. No block is used again meanwhile.
func (f *inFlight) each(b *blocks, do func(o *outgoing, word uint32) bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	f.prune()
	for o, next := f.back.first, (*outgoing)(nil); o != nil; o = next {
		next = o.more().next
		if o.state.Load() == msgInEngine && !do(o, msgInEngine) {
			return
		}
	}
	for i := f.head; i < len(f.runs); i++ {
		if !f.runs[i].unreported(do) {
			return
		}
	}
	f.last.unreported(do)
}

// first returns the oldest message that has no report, nil if there is none.
func (f *inFlight) first(b *blocks) (first *outgoing) {
	f.each(b, func(o *outgoing, _ uint32) bool { first = o; return false })
	return first
}

// len returns how many messages have no report.
func (f *inFlight) len(b *blocks) (n int) {
	f.each(b, func(*outgoing, uint32) bool { n++; return true })
	return n
}

// shrink gives up all memory if there are no messages. It reports whether that is so.
func (f *inFlight) shrink(b *blocks) bool {
	if f.first(b) != nil {
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

// blocks are those of a producer: the one that partitions share, and those to be used again.
type blocks struct {
	shared atomic.Pointer[outgoingBlock]

	mu           sync.Mutex // guards the spares; taken after a partition's
	small, large []*outgoingBlock
	_            cacheLine

	// Messages delivered of a block that are still in its left. Only the promise uses these.
	last  *outgoingBlock
	fewer int32
}

// maxSpares bounds what is kept of each size: to 8 MB of small blocks and 32 MB of large ones, and that only while messages
// are produced, see drop. A full queue of the default size has 19 MB.
const maxSpares = 2048

// next returns the next place of the shared block.
func (b *blocks) next(q *produceQueue, ch chan Event) *outgoing {
	for {
		shared := b.shared.Load()
		if shared != nil {
			if i := int(shared.next.Add(1)) - 1; i < len(shared.each) {
				return &shared.each[i]
			}
		}
		b.share(shared, q, ch)
	}
}

// share has a block shared in place of old, unless somebody has done that. Who still looks at one that was shared before
// finds no place in it, also where it is used again by a partition alone.
func (b *blocks) share(old *outgoingBlock, q *produceQueue, ch chan Event) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.shared.Load() == old {
		block := b.takeLocked(q, ch)
		block.next.Store(0)
		b.shared.Store(block)
	}
}

// take returns a block of which no place is used. ch is where most of its reports go.
func (b *blocks) take(q *produceQueue, ch chan Event) *outgoingBlock {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.takeLocked(q, ch)
}

func (b *blocks) takeLocked(q *produceQueue, ch chan Event) *outgoingBlock {
	block := b.spareLocked(q.messages() >= manyMessages)
	block.ch = ch
	block.left.Store(int32(len(block.each)))
	block.number.Add(1)
	return block
}

// kind returns where the spares of a size are.
func (b *blocks) kind(large bool) *[]*outgoingBlock {
	if large {
		return &b.large
	}
	return &b.small
}

func (b *blocks) spareLocked(large bool) *outgoingBlock {
	spares := b.kind(large)
	n := len(*spares) - 1
	if n < 0 {
		return newBlock(large)
	}
	block := (*spares)[n]
	(*spares)[n] = nil
	*spares = (*spares)[:n]
	return block
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

// delivered notes that a message of a block has its report. Only the promise calls it, which is one at a time: as
// messages of a block come one after the other, it counts them when another block's come.
func (b *blocks) delivered(block *outgoingBlock) {
	if block == b.last {
		b.fewer++
		return
	}
	b.settle()
	b.last, b.fewer = block, 1
}

// settle counts what delivered has noted. A promise that goes through the messages of a partition needs it: a block that
// seems to have some keeps all behind it from being forgotten.
func (b *blocks) settle() {
	if b.last != nil && b.last.left.Add(-b.fewer) == 0 && !b.last.spoiled.Load() {
		b.give(b.last)
	}
	b.last, b.fewer = nil, 0
}

func (b *blocks) give(block *outgoingBlock) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if spares := b.kind(len(block.each) == largeBlock); len(*spares) < maxSpares {
		*spares = append(*spares, block)
	}
}

// drop leaves to the garbage collector what is kept.
func (b *blocks) drop() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.small, b.large = nil, nil
	b.shared.Store(nil)
}
