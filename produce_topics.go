package kafka

import (
	"maps"
	"sync"
	"sync/atomic"
)

// producerTopics are the topics of a producer, by name. With a thousand of them in turn, finding one is waiting for memory:
// a map takes half as many steps for that as a sync.Map.
type producerTopics struct {
	latest atomic.Pointer[producerTopic]             // the last message's, which is most often the next one's
	known  atomic.Pointer[map[string]*producerTopic] // is never changed, only replaced

	mu     sync.Mutex                // guards what follows
	all    map[string]*producerTopic // those in known, and newer ones
	missed int                       // how often something was in all and not in known
}

// get returns the topic of that name, made with the first call for it.
func (s *producerTopics) get(name string, create func() *producerTopic) *producerTopic {
	if t := s.latest.Load(); t != nil && t.name == name {
		return t
	}
	var t *producerTopic
	if known := s.known.Load(); known != nil {
		t = (*known)[name]
	}
	if t == nil {
		t = s.find(name, create)
	}
	s.latest.Store(t)
	return t
}

// find is get for a topic that is not in known.
func (s *producerTopics) find(name string, create func() *producerTopic) *producerTopic {
	s.mu.Lock()
	defer s.mu.Unlock()
	t := s.all[name]
	if t == nil {
		if s.all == nil {
			s.all = map[string]*producerTopic{}
		}
		t = create()
		s.all[t.name] = t
		return t
	}
	// To copy all costs as much as the misses did.
	if s.missed++; s.missed >= len(s.all) {
		s.publishLocked()
	}
	return t
}

func (s *producerTopics) publishLocked() {
	known := maps.Clone(s.all)
	s.known.Store(&known)
	s.missed = 0
}

// each calls do for each topic.
func (s *producerTopics) each(do func(*producerTopic)) {
	s.mu.Lock()
	if known := s.known.Load(); known == nil || len(*known) < len(s.all) {
		s.publishLocked()
	}
	topics := *s.known.Load()
	s.mu.Unlock()
	for _, t := range topics {
		do(t)
	}
}
