package reach

// FrontChange is a Service front that answers otherwise.
type FrontChange struct{}

func (d *Difference) fronts() []FrontChange { return nil }
