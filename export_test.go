package kafka

// RefreshForTest makes the engine ask for metadata.
func RefreshForTest(p *Producer) { p.client.engine.ForceMetadataRefresh() }

// WaitingForRoomForTest returns how many calls of ProduceContext wait.
func WaitingForRoomForTest(p *Producer) int { return int(p.room.listeners.Load()) }

// EmitForTest is what the client does with an event that is no report.
func EmitForTest(p *Producer, e Event) { p.client.emit(e) }
