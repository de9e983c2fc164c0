// z3, loaded when something is first proven: 23 MB with 20,000 relocations, which every start would wait for. To be
// included in place of z3++.h, whose classes call the functions of the library by the names below. Any thread.
//
// A function that is missing here is missed by the linker: add its line.
#pragma once

#include <z3.h>

#include "base/shared_library.h"

namespace gantry::prove {

inline const SharedLibrary& z3_library() {
  static const SharedLibrary library("libz3.so.4", "libz3-4");
  return library;
}

}  // namespace gantry::prove

// A name in the expansion of its own macro is not expanded again: these are the library's names in both places.
#define GANTRY_Z3(name)                                                                  \
  ([]() -> decltype(&::name) {                                                           \
    static const decltype(&::name) function = ::gantry::prove::z3_library().find(#name); \
    return function;                                                                     \
  }())

#define Z3_ast_vector_dec_ref GANTRY_Z3(Z3_ast_vector_dec_ref)
#define Z3_ast_vector_get GANTRY_Z3(Z3_ast_vector_get)
#define Z3_ast_vector_inc_ref GANTRY_Z3(Z3_ast_vector_inc_ref)
#define Z3_ast_vector_push GANTRY_Z3(Z3_ast_vector_push)
#define Z3_ast_vector_size GANTRY_Z3(Z3_ast_vector_size)
#define Z3_dec_ref GANTRY_Z3(Z3_dec_ref)
#define Z3_del_config GANTRY_Z3(Z3_del_config)
#define Z3_del_context GANTRY_Z3(Z3_del_context)
#define Z3_get_ast_kind GANTRY_Z3(Z3_get_ast_kind)
#define Z3_get_error_code GANTRY_Z3(Z3_get_error_code)
#define Z3_get_error_msg GANTRY_Z3(Z3_get_error_msg)
#define Z3_get_numeral_double GANTRY_Z3(Z3_get_numeral_double)
#define Z3_get_numeral_int GANTRY_Z3(Z3_get_numeral_int)
#define Z3_get_numeral_int64 GANTRY_Z3(Z3_get_numeral_int64)
#define Z3_get_sort GANTRY_Z3(Z3_get_sort)
#define Z3_get_sort_kind GANTRY_Z3(Z3_get_sort_kind)
#define Z3_inc_ref GANTRY_Z3(Z3_inc_ref)
#define Z3_is_re_sort GANTRY_Z3(Z3_is_re_sort)
#define Z3_is_seq_sort GANTRY_Z3(Z3_is_seq_sort)
#define Z3_mk_add GANTRY_Z3(Z3_mk_add)
#define Z3_mk_and GANTRY_Z3(Z3_mk_and)
#define Z3_mk_ast_vector GANTRY_Z3(Z3_mk_ast_vector)
#define Z3_mk_bool_sort GANTRY_Z3(Z3_mk_bool_sort)
#define Z3_mk_bvadd GANTRY_Z3(Z3_mk_bvadd)
#define Z3_mk_bvmul GANTRY_Z3(Z3_mk_bvmul)
#define Z3_mk_bvneg GANTRY_Z3(Z3_mk_bvneg)
#define Z3_mk_bvsge GANTRY_Z3(Z3_mk_bvsge)
#define Z3_mk_bvsgt GANTRY_Z3(Z3_mk_bvsgt)
#define Z3_mk_bvsle GANTRY_Z3(Z3_mk_bvsle)
#define Z3_mk_bvslt GANTRY_Z3(Z3_mk_bvslt)
#define Z3_mk_bvsub GANTRY_Z3(Z3_mk_bvsub)
#define Z3_mk_concat GANTRY_Z3(Z3_mk_concat)
#define Z3_mk_config GANTRY_Z3(Z3_mk_config)
#define Z3_mk_const GANTRY_Z3(Z3_mk_const)
#define Z3_mk_context_rc GANTRY_Z3(Z3_mk_context_rc)
#define Z3_mk_distinct GANTRY_Z3(Z3_mk_distinct)
#define Z3_mk_eq GANTRY_Z3(Z3_mk_eq)
#define Z3_mk_false GANTRY_Z3(Z3_mk_false)
#define Z3_mk_fpa_add GANTRY_Z3(Z3_mk_fpa_add)
#define Z3_mk_fpa_geq GANTRY_Z3(Z3_mk_fpa_geq)
#define Z3_mk_fpa_gt GANTRY_Z3(Z3_mk_fpa_gt)
#define Z3_mk_fpa_leq GANTRY_Z3(Z3_mk_fpa_leq)
#define Z3_mk_fpa_lt GANTRY_Z3(Z3_mk_fpa_lt)
#define Z3_mk_fpa_mul GANTRY_Z3(Z3_mk_fpa_mul)
#define Z3_mk_fpa_neg GANTRY_Z3(Z3_mk_fpa_neg)
#define Z3_mk_fpa_rna GANTRY_Z3(Z3_mk_fpa_rna)
#define Z3_mk_fpa_rne GANTRY_Z3(Z3_mk_fpa_rne)
#define Z3_mk_fpa_rtn GANTRY_Z3(Z3_mk_fpa_rtn)
#define Z3_mk_fpa_rtp GANTRY_Z3(Z3_mk_fpa_rtp)
#define Z3_mk_fpa_rtz GANTRY_Z3(Z3_mk_fpa_rtz)
#define Z3_mk_fpa_sub GANTRY_Z3(Z3_mk_fpa_sub)
#define Z3_mk_ge GANTRY_Z3(Z3_mk_ge)
#define Z3_mk_gt GANTRY_Z3(Z3_mk_gt)
#define Z3_mk_implies GANTRY_Z3(Z3_mk_implies)
#define Z3_mk_int GANTRY_Z3(Z3_mk_int)
#define Z3_mk_int_sort GANTRY_Z3(Z3_mk_int_sort)
#define Z3_mk_is_int GANTRY_Z3(Z3_mk_is_int)
#define Z3_mk_ite GANTRY_Z3(Z3_mk_ite)
#define Z3_mk_le GANTRY_Z3(Z3_mk_le)
#define Z3_mk_lt GANTRY_Z3(Z3_mk_lt)
#define Z3_mk_mul GANTRY_Z3(Z3_mk_mul)
#define Z3_mk_not GANTRY_Z3(Z3_mk_not)
#define Z3_mk_numeral GANTRY_Z3(Z3_mk_numeral)
#define Z3_mk_or GANTRY_Z3(Z3_mk_or)
#define Z3_mk_params GANTRY_Z3(Z3_mk_params)
#define Z3_mk_re_concat GANTRY_Z3(Z3_mk_re_concat)
#define Z3_mk_re_union GANTRY_Z3(Z3_mk_re_union)
#define Z3_mk_real_sort GANTRY_Z3(Z3_mk_real_sort)
#define Z3_mk_seq_concat GANTRY_Z3(Z3_mk_seq_concat)
#define Z3_mk_solver GANTRY_Z3(Z3_mk_solver)
#define Z3_mk_string_symbol GANTRY_Z3(Z3_mk_string_symbol)
#define Z3_mk_sub GANTRY_Z3(Z3_mk_sub)
#define Z3_mk_true GANTRY_Z3(Z3_mk_true)
#define Z3_mk_unary_minus GANTRY_Z3(Z3_mk_unary_minus)
#define Z3_model_dec_ref GANTRY_Z3(Z3_model_dec_ref)
#define Z3_model_eval GANTRY_Z3(Z3_model_eval)
#define Z3_model_inc_ref GANTRY_Z3(Z3_model_inc_ref)
#define Z3_params_dec_ref GANTRY_Z3(Z3_params_dec_ref)
#define Z3_params_inc_ref GANTRY_Z3(Z3_params_inc_ref)
#define Z3_params_set_uint GANTRY_Z3(Z3_params_set_uint)
#define Z3_set_ast_print_mode GANTRY_Z3(Z3_set_ast_print_mode)
#define Z3_set_error_handler GANTRY_Z3(Z3_set_error_handler)
#define Z3_solver_assert GANTRY_Z3(Z3_solver_assert)
#define Z3_solver_check GANTRY_Z3(Z3_solver_check)
#define Z3_solver_dec_ref GANTRY_Z3(Z3_solver_dec_ref)
#define Z3_solver_get_model GANTRY_Z3(Z3_solver_get_model)
#define Z3_solver_inc_ref GANTRY_Z3(Z3_solver_inc_ref)
#define Z3_solver_set_params GANTRY_Z3(Z3_solver_set_params)

#include <z3++.h>
