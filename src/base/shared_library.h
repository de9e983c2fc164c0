// A library of the system that is loaded when it is first needed, and never unloaded: libcurl and libpq bring thirty
// others along, which a start would wait for and every process would hold.
#pragma once

namespace gantry {

class SharedLibrary {
 public:
  // `file`: as the linker names it, such as "libpq.so.5"; `package`: Debian's, for the message when it is not there.
  // Then, and when it lacks a function, the process ends, as one ends that was linked with it.
  SharedLibrary(const char* file, const char* package);
  SharedLibrary(const SharedLibrary&) = delete;
  SharedLibrary& operator=(const SharedLibrary&) = delete;

  // A function by its name; turns into a pointer of the type that its header declares.
  class Function {
   public:
    template <class Type>
    operator Type*() const {
      return reinterpret_cast<Type*>(address_);
    }

   private:
    friend class SharedLibrary;
    explicit Function(void* address) : address_(address) {}
    void* address_;
  };
  Function find(const char* name) const;

 private:
  const char* file_;
  void* handle_;
};

}  // namespace gantry
