// Command plain uses a client and not the embedded broker, which must not be part of it then.
package main

import "github.com/purego-kafka/kafka"

func main() {
	a, err := kafka.NewAdminClient(&kafka.ConfigMap{})
	if err == nil {
		a.Close()
	}
}
