module premise.example/generate

go 1.18
