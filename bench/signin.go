package main

import "context"

func (b *bench) wholeSignIns(ctx context.Context) error { return nil }
