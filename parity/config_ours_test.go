package parity

import (
	"github.com/purego-kafka/kafka"
)

// makeOurs makes a client of ours; the function closes it.
func makeOurs(c configCase) (text string, closeIt func()) {
	defer recovered(&text)
	m := kafka.ConfigMap{}
	set := func(key string, value any) {
		if value == nil {
			delete(m, key)
		} else {
			m[key] = value
		}
	}
	basics(c, set)
	for _, s := range c.settings {
		m[s.key] = ourValue(s.value)
	}
	var err error
	switch c.kind {
	case "producer":
		var p *kafka.Producer
		if p, err = kafka.NewProducer(&m); err == nil {
			closeIt = p.Close
		}
	case "consumer":
		var k *kafka.Consumer
		if k, err = kafka.NewConsumer(&m); err == nil {
			closeIt = func() { _ = k.Close() }
		}
	case "admin":
		var a *kafka.AdminClient
		if a, err = kafka.NewAdminClient(&m); err == nil {
			closeIt = a.Close
		}
	}
	return verdictOf(err, func(err error) (int, bool) {
		e, ok := err.(kafka.Error)
		return int(e.Code()), ok
	}), closeIt
}

// ourValue turns a topicConfig, and those inside it, into ConfigMaps.
func ourValue(v any) any {
	tc, ok := v.(topicConfig)
	if !ok {
		return v
	}
	if tc == nil {
		return kafka.ConfigMap(nil)
	}
	m := kafka.ConfigMap{}
	for k, v := range tc {
		m[k] = ourValue(v)
	}
	return m
}
