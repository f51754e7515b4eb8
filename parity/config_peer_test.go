package parity

import (
	peer "github.com/confluentinc/confluent-kafka-go/v2/kafka"
)

// makePeers makes a client of the peer's; the function closes it.
func makePeers(c configCase) (text string, closeIt func()) {
	defer recovered(&text)
	m := peer.ConfigMap{}
	set := func(key string, value any) {
		if value == nil {
			delete(m, key)
		} else {
			m[key] = value
		}
	}
	basics(c, set)
	for _, s := range c.settings {
		m[s.key] = peerValue(s.value)
	}
	var err error
	switch c.kind {
	case "producer":
		var p *peer.Producer
		if p, err = peer.NewProducer(&m); err == nil {
			closeIt = p.Close
		}
	case "consumer":
		var k *peer.Consumer
		if k, err = peer.NewConsumer(&m); err == nil {
			closeIt = func() { _ = k.Close() }
		}
	case "admin":
		var a *peer.AdminClient
		if a, err = peer.NewAdminClient(&m); err == nil {
			closeIt = a.Close
		}
	}
	return verdictOf(err, func(err error) (int, bool) {
		e, ok := err.(peer.Error)
		return int(e.Code()), ok
	}), closeIt
}

// peerValue turns a topicConfig, and those inside it, into ConfigMaps.
func peerValue(v any) any {
	tc, ok := v.(topicConfig)
	if !ok {
		return v
	}
	if tc == nil {
		return peer.ConfigMap(nil)
	}
	m := peer.ConfigMap{}
	for k, v := range tc {
		m[k] = peerValue(v)
	}
	return m
}
