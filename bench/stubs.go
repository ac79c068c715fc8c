package main

import "context"

func (b *bench) starts(ctx context.Context) error       { return nil }
func (b *bench) mail(ctx context.Context) error         { return nil }
func (b *bench) sizes(ctx context.Context) error        { return nil }
func (b *bench) wholeSignIns(ctx context.Context) error { return nil }
func (b *bench) slowDisk(ctx context.Context) error     { return nil }
