//! One QuickJS module, by its raw functions: rquickjs' own wrapper neither resolves the imports of loaded bytecode nor lets a loader
//! hand out modules. Which modules there are is in `modules`.

use std::ffi::{CStr, CString, c_int};

use javy::quickjs::{Ctx, Error, FromJs as _, Object, Promise, Value, qjs};

/// A module of this runtime's one context, which keeps it alive.
#[derive(Clone, Copy)]
pub struct Module(pub *mut qjs::JSModuleDef);

impl Module {
    /// Compiles source text. Imports are resolved, and so compiled, on the way.
    pub fn compile(ctx: &Ctx<'_>, name: &str, mut text: Vec<u8>) -> Result<Self, Error> {
        let name = CString::new(name)?;
        let len = text.len();
        // The parser wants a NUL behind the text.
        text.push(0);
        let flags = qjs::JS_EVAL_TYPE_MODULE | qjs::JS_EVAL_FLAG_COMPILE_ONLY | qjs::JS_EVAL_FLAG_STRICT;
        // SAFETY: text and name are NUL-terminated and outlive the call.
        let value =
            unsafe { qjs::JS_Eval(ctx.as_raw().as_ptr(), text.as_ptr().cast(), len as _, name.as_ptr(), flags as _) };
        Self::of(value)
    }

    /// Reads bytecode.
    ///
    /// # Safety
    /// The bytes must come from [`Self::write`] of this same engine.
    pub unsafe fn load(ctx: &Ctx<'_>, bytecode: &[u8]) -> Result<Self, Error> {
        let flags = qjs::JS_READ_OBJ_BYTECODE;
        // SAFETY: the caller's promise.
        let value =
            unsafe { qjs::JS_ReadObject(ctx.as_raw().as_ptr(), bytecode.as_ptr(), bytecode.len() as _, flags as _) };
        Self::of(value)
    }

    /// A module whose default export is an `ArrayBuffer` with these bytes.
    pub fn data(ctx: &Ctx<'_>, name: &str, bytes: &[u8]) -> Result<Self, Error> {
        let raw = ctx.as_raw().as_ptr();
        let name = CString::new(name)?;
        // SAFETY: the context is live; the buffer copies the bytes and becomes the module's.
        unsafe {
            let buffer = qjs::JS_NewArrayBufferCopy(raw, bytes.as_ptr(), bytes.len() as _);
            if qjs::JS_VALUE_GET_TAG(buffer) == qjs::JS_TAG_EXCEPTION {
                return Err(Error::Exception);
            }
            Self::exporting(raw, &name, buffer)
        }
    }

    /// A module whose default export is the value.
    pub fn value_of(ctx: &Ctx<'_>, name: &str, value: &Value<'_>) -> Result<Self, Error> {
        let raw = ctx.as_raw().as_ptr();
        let name = CString::new(name)?;
        // SAFETY: the context is live and the value of it; the module takes the reference made here.
        unsafe { Self::exporting(raw, &name, qjs::JS_DupValue(raw, value.as_raw())) }
    }

    /// # Safety
    /// The context must be live and `value` a reference of it to give away.
    unsafe fn exporting(raw: *mut qjs::JSContext, name: &CStr, value: qjs::JSValue) -> Result<Self, Error> {
        // SAFETY: the caller's promise; both names are NUL-terminated.
        unsafe {
            let module = qjs::JS_NewCModule(raw, name.as_ptr(), Some(export_value));
            if module.is_null()
                || qjs::JS_AddModuleExport(raw, module, c"default".as_ptr()) < 0
                || qjs::JS_SetModulePrivateValue(raw, module, value) < 0
            {
                return Err(Error::Exception);
            }
            Ok(Self(module))
        }
    }

    /// Gives the module its `import.meta.url`.
    pub fn set_address(self, ctx: &Ctx<'_>, address: &str) -> Result<(), Error> {
        // SAFETY: the module is alive; the returned value is ours.
        let meta = unsafe { Value::from_raw(ctx.clone(), qjs::JS_GetImportMeta(ctx.as_raw().as_ptr(), self.0)) };
        meta.into_object().ok_or(Error::Exception)?.set("url", address)
    }

    fn of(value: qjs::JSValue) -> Result<Self, Error> {
        // SAFETY: only looks at the value's tag and pointer.
        unsafe {
            if qjs::JS_VALUE_GET_TAG(value) == qjs::JS_TAG_MODULE {
                Ok(Self(qjs::JS_VALUE_GET_PTR(value).cast()))
            } else {
                Err(Error::Exception)
            }
        }
    }

    fn value(self) -> qjs::JSValue {
        qjs::JS_MKPTR(qjs::JS_TAG_MODULE, self.0.cast())
    }

    /// Its bytecode, without source text, with line numbers.
    pub fn write(self, ctx: &Ctx<'_>) -> Result<Vec<u8>, Error> {
        let raw = ctx.as_raw().as_ptr();
        let flags = qjs::JS_WRITE_OBJ_BYTECODE | qjs::JS_WRITE_OBJ_STRIP_SOURCE;
        let mut len = 0;
        // SAFETY: the module is alive; the bytes are copied before they are freed.
        unsafe {
            let bytes = qjs::JS_WriteObject(raw, &raw mut len, self.value(), flags as _);
            if bytes.is_null() {
                return Err(Error::Exception);
            }
            let copy = std::slice::from_raw_parts(bytes, len as usize).to_vec();
            qjs::js_free(raw, bytes.cast());
            Ok(copy)
        }
    }

    /// Links its imports and runs it; the promise settles when it has run.
    pub fn evaluate<'js>(self, ctx: &Ctx<'js>) -> Result<Promise<'js>, Error> {
        let raw = ctx.as_raw().as_ptr();
        // SAFETY: the module is alive; evaluating frees one reference, which is why one is taken.
        unsafe {
            if qjs::JS_ResolveModule(raw, self.value()) < 0 {
                return Err(Error::Exception);
            }
            let result = qjs::JS_EvalFunction(raw, qjs::JS_DupValue(raw, self.value()));
            if qjs::JS_VALUE_GET_TAG(result) == qjs::JS_TAG_EXCEPTION {
                return Err(Error::Exception);
            }
            Promise::from_js(ctx, Value::from_raw(ctx.clone(), result))
        }
    }

    pub fn namespace<'js>(self, ctx: &Ctx<'js>) -> Result<Object<'js>, Error> {
        // SAFETY: the module is alive; the returned value is ours.
        let value = unsafe {
            let raw = qjs::JS_GetModuleNamespace(ctx.as_raw().as_ptr(), self.0);
            Value::from_raw(ctx.clone(), raw)
        };
        value.into_object().ok_or(Error::Exception)
    }
}

/// Runs when a module of a value is evaluated: its private value becomes its default export.
unsafe extern "C" fn export_value(ctx: *mut qjs::JSContext, module: *mut qjs::JSModuleDef) -> c_int {
    // SAFETY: QuickJS hands over its own context and module; the private value is a reference of ours to give away.
    unsafe {
        let value = qjs::JS_GetModulePrivateValue(ctx, module);
        qjs::JS_SetModuleExport(ctx, module, c"default".as_ptr(), value)
    }
}
