package kafka

// RefreshForTest makes the engine ask for metadata.
func RefreshForTest(p *Producer) { p.client.engine.ForceMetadataRefresh() }

// WaitingForRoomForTest returns how many calls of ProduceContext wait.
func WaitingForRoomForTest(p *Producer) int { return int(p.room.listeners.Load()) }
