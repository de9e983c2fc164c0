#include "engine/commit_pipeline.h"

#include <gtest/gtest.h>

#include <future>

namespace gantry::engine {
namespace {

journal::Batch batch_of(std::uint64_t sequence, const std::string& instance = "i") {
  return {.events = {{instance, sequence, Timestamp{}, journal::EventType::timer_set, Value::object({{"timer", "t"}})}},
          .snapshots = {}};
}

class HeldStore final : public journal::ForwardingStore {
 public:
  using ForwardingStore::ForwardingStore;
  Status append(const journal::Batch& batch) override {
    entered_.set_value();
    release_.get_future().wait();
    return inner_.append(batch);
  }
  std::promise<void> entered_, release_;
};

class CommitPipelineTest : public ::testing::Test {
 protected:
  std::unique_ptr<journal::Store> kept_ = *journal::Store::open("memory:");
};

TEST_F(CommitPipelineTest, ABatchIsWrittenByItsOwnThread) {
  HeldStore held(*kept_);
  CommitPipeline pipeline(held);
  pipeline.use_thread();
  journal::Batch batch = batch_of(1);
  pipeline.start(batch);
  held.entered_.get_future().wait();
  EXPECT_EQ(*kept_->last_sequence("i"), 0u) << "this thread goes on meanwhile";
  held.release_.set_value();
  EXPECT_TRUE(pipeline.finish().ok());
  EXPECT_EQ(*kept_->last_sequence("i"), 1u);
}

TEST_F(CommitPipelineTest, WhoeverReadsReadsWhatIsUnderWay) {
  for (const bool threaded : {false, true}) {
    const std::string instance = threaded ? "threaded" : "stepped";
    CommitPipeline pipeline(*kept_);
    if (threaded) pipeline.use_thread();
    for (std::uint64_t sequence = 1; sequence <= 100; ++sequence) {
      journal::Batch batch = batch_of(sequence, instance);
      pipeline.start(batch);
      ASSERT_EQ(*pipeline.last_sequence(instance), sequence);
      ASSERT_TRUE(pipeline.finish().ok());
    }
  }
}

TEST_F(CommitPipelineTest, WithoutAThreadNothingIsWrittenBeforeItIsWaitedFor) {
  CommitPipeline pipeline(*kept_);
  journal::Batch batch = batch_of(1);
  pipeline.start(batch);
  EXPECT_EQ(*kept_->last_sequence("i"), 0u);
  EXPECT_TRUE(pipeline.wait().ok());
  EXPECT_EQ(*kept_->last_sequence("i"), 1u);
  EXPECT_TRUE(pipeline.finish().ok());
}

TEST_F(CommitPipelineTest, ARefusalIsSaidEachTimeUntilItIsOver) {
  for (const bool threaded : {false, true}) {
    CommitPipeline pipeline(*kept_);
    if (threaded) pipeline.use_thread();
    journal::Batch gap = batch_of(7);
    pipeline.start(gap);
    EXPECT_EQ(pipeline.wait().error().code, Code::invalid_argument);
    EXPECT_EQ(pipeline.finish().error().code, Code::invalid_argument);
    EXPECT_TRUE(pipeline.finish().ok()) << "nothing is under way";
  }
}

TEST_F(CommitPipelineTest, AnEmptyBatchDoesNotReachTheStore) {
  HeldStore held(*kept_);
  CommitPipeline pipeline(held);
  pipeline.use_thread();
  journal::Batch empty;
  pipeline.start(empty);
  EXPECT_TRUE(pipeline.finish().ok()) << "the store would have held it";
}

TEST_F(CommitPipelineTest, ABatchThatNobodyWaitsForIsWrittenBeforeTheThreadEnds) {
  journal::Batch batch = batch_of(1);
  {
    CommitPipeline pipeline(*kept_);
    pipeline.use_thread();
    pipeline.start(batch);
  }
  EXPECT_EQ(*kept_->last_sequence("i"), 1u);
}

}  // namespace
}  // namespace gantry::engine
