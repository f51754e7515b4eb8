// Command copyworker writes the worker and the size program of confluent-kafka-go: those of this library with another
// import line. A test of bench sees that they are up to date.
package main

import (
	"log"
	"os"

	"github.com/purego-kafka/kafka/bench/internal/copyworker/copies"
)

func main() {
	for from, to := range copies.Files {
		b, err := os.ReadFile(from)
		if err != nil {
			log.Fatal(err)
		}
		if err := os.WriteFile(to, copies.Copy(b), 0o644); err != nil {
			log.Fatal(err)
		}
	}
}
