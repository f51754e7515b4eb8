package kafka

import (
	"sync"

	"github.com/twmb/franz-go/pkg/kgo"
)

// recordPool keeps the engine's records between fetches. The consumer makes its own messages of them at once, so they
// can be used again; without the pool every message would be allocated twice. It is a kgo.PoolRecords.
type recordPool struct {
	mu   sync.Mutex // guards free
	free [][]kgo.Record
}

// poolSlots bounds how many slices wait in the pool, one for a batch: as many as a fetch or two have.
const poolSlots = 64

// GetRecords is part of kgo.PoolRecords.
func (p *recordPool) GetRecords(n int) []kgo.Record {
	p.mu.Lock()
	for i := len(p.free) - 1; i >= 0; i-- {
		if r := p.free[i]; cap(r) >= n {
			last := len(p.free) - 1
			p.free[i], p.free[last] = p.free[last], nil
			p.free = p.free[:last]
			p.mu.Unlock()
			return r[:0]
		}
	}
	p.mu.Unlock()
	return make([]kgo.Record, 0, n)
}

// PutRecords is part of kgo.PoolRecords.
func (p *recordPool) PutRecords(r []kgo.Record) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.free) < poolSlots {
		p.free = append(p.free, r)
	}
}
