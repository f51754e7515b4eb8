// Package compat is the root of a module that takes the place of github.com/confluentinc/confluent-kafka-go/v2: see its
// package kafka.
package compat
