package kafka

import (
	"strings"
	"testing"
)

// benchmarkConfig is what a program typically sets.
var benchmarkConfig = ConfigMap{
	"bootstrap.servers":    "broker1:9092,broker2:9092,broker3:9092",
	"security.protocol":    "SASL_SSL",
	"sasl.mechanism":       "SCRAM-SHA-512",
	"sasl.username":        "orders",
	"sasl.password":        "secret",
	"client.id":            "orders",
	"enable.idempotence":   true,
	"linger.ms":            5,
	"compression.type":     "lz4",
	"default.topic.config": ConfigMap{"acks": "all"},
}

// TestConfigAllocs: most properties keep their defaults, which costs nothing but for numbers.
func TestConfigAllocs(t *testing.T) {
	if got, most := testing.AllocsPerRun(100, func() {
		if _, err := resolve(&benchmarkConfig, producerClient); err != nil {
			t.Fatal(err)
		}
	}), float64(len(properties))/2; got > most {
		t.Errorf("%.0f allocations, want at most %.0f", got, most)
	}
}

// BenchmarkConfig reads a configuration, from a ConfigMap and from key=value lines.
func BenchmarkConfig(b *testing.B) {
	b.Run("map", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := resolve(&benchmarkConfig, producerClient); err != nil {
				b.Fatal(err)
			}
		}
	})
	const text = "bootstrap.servers=broker1:9092 client.id=orders enable.idempotence=true linger.ms=5 compression.type=lz4 acks=all"
	b.Run("text", func(b *testing.B) {
		lines := strings.Fields(text)
		b.ReportAllocs()
		for b.Loop() {
			m := ConfigMap{}
			for _, line := range lines {
				if err := m.Set(line); err != nil {
					b.Fatal(err)
				}
			}
			if _, err := resolve(&m, producerClient); err != nil {
				b.Fatal(err)
			}
		}
	})
}
