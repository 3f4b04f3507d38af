# The names a user types. Everything else is in CMakeLists.txt and tools/.

export QUESTION ?= Why is the sea salty?

.PHONY: help run build model test test-long bench clean

help:
	@echo "make run        build Merle and ask the sample collection a question"
	@echo "make build      build the command, build/merle"
	@echo "make test       everything needed to test, then all tests"
	@echo "make test-long  what needs peers, torch or hours"
	@echo "make bench      compare with PyTorch, ONNX Runtime and OpenVINO"

run: model
	@tools/demo "$$QUESTION"

build:
	@tools/install build
	@tools/build

model: build
	@tools/install run
	@tools/fetch_minilm

test: model
	@tools/install test
	@tools/check

test-long: model
	@tools/install test-long
	@tools/check_long

bench: model
	@tools/install bench
	@benchmarks/run

clean:
	rm -rf build
